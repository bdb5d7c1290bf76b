import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crowd, madeUp } from '../testing/made-up.ts';

const alike = { 'two-tower': crowd(400, { buyers: 40 }), dat: crowd(400, { buyers: 40 }) };
const better = { 'two-tower': crowd(400, { buyers: 40 }), dat: crowd(400, { clicks: [2, 3], buyers: 40 }) };
/** p = 0.02 at one look; nothing for who looks every day. */
const slightly = {
  'two-tower': crowd(400, { clicks: [1, 2], buyers: 40 }),
  dat: crowd(400, { clicks: [1, 2, 1, 2, 1, 2, 1, 2, 1, 3], buyers: 40 }),
};
const slightlyWorse = { 'two-tower': slightly.dat, dat: slightly['two-tower'] };
const ended = { status: 'stopped', stoppedAt: '2026-03-16T00:00:00.000Z' } as const;
const fixed = { sequential: false };

const claims: [string, Parameters<typeof madeUp>, { finding?: RegExp; caveats?: RegExp; not?: RegExp }][] = [
  [
    'nobody was exposed',
    [{ 'two-tower': [], dat: [] }],
    { finding: /^Nobody has been exposed yet: nothing can be concluded\.$/ },
  ],
  [
    'one user',
    [{ 'two-tower': crowd(1), dat: [] }],
    {
      finding:
        /^With 1 user \(1 in two-tower and 0 in dat\) nothing can be concluded yet: each arm needs at least 100\.$/,
    },
  ],
  [
    'one arm is empty though many are in the other',
    [{ 'two-tower': crowd(400), dat: [] }],
    { finding: /^Stop and look: .*400 in two-tower and 0 in dat/ },
  ],
  [
    'the split went wrong',
    [{ 'two-tower': crowd(500), dat: crowd(300, { clicks: [5, 6] }) }],
    {
      finding:
        /^Stop and look: the users did not split as planned \(500 in two-tower and 300 in dat; always-valid p < 0\.001\)/,
    },
  ],
  [
    'too few',
    [{ 'two-tower': crowd(99), dat: crowd(99) }],
    { finding: /nothing can be concluded yet: each arm needs at least 100/ },
  ],
  [
    'a clear rise while it runs',
    [better],
    {
      finding:
        /^dat raises the click-through rate by 66\.7 % against two-tower \(95 % confidence sequence \+\d+\.\d % to \+\d+\.\d %, always-valid p < 0\.001\)\.$/,
      caveats: /holds at every look/,
    },
  ],
  [
    'a clear fall',
    [{ 'two-tower': crowd(400, { clicks: [2, 3] }), dat: crowd(400) }],
    { finding: /^dat lowers the click-through rate by 40\.0 % against two-tower .*That is the wrong way\.$/ },
  ],
  [
    'no difference',
    [alike],
    {
      finding:
        /^dat and two-tower cannot be told apart by click-through rate .*That does not make them equal: anything from −\d/,
      caveats: /Fixed-horizon intervals are valid at the planned end only, 16 Mar 2026/,
    },
  ],
  [
    'what only a fixed-horizon interval tells, before its time',
    [slightly],
    { finding: /cannot be told apart/, caveats: /leaves out zero already for dat, but .*today it is no evidence/ },
  ],
  [
    'the same at the planned end, judged by the sequence',
    [slightly, { experiment: ended, now: new Date('2026-03-20T00:00:00Z') }],
    {
      finding: /cannot be told apart/,
      caveats: /fixed-horizon 95 % interval at the planned end, 16 Mar 2026, is \+\d.* for dat/,
    },
  ],
  [
    'a fixed-horizon test before its time',
    [better, { settings: fixed }],
    {
      finding: /^It is too early to conclude anything: .*planned end on 16 Mar 2026\.$/,
      caveats: /finds differences that are not there/,
    },
  ],
  [
    'a fixed-horizon test at its time',
    [slightly, { settings: fixed, experiment: ended, now: new Date('2026-03-20T00:00:00Z') }],
    { finding: /^dat raises .* \(95 % interval \+.*, p = 0\.0\d\d\)\.$/, caveats: /because this is the planned end/ },
  ],
  [
    'a fixed-horizon test that ran on is judged as of its planned end',
    [
      better,
      {
        settings: fixed,
        now: new Date('2026-03-25T00:00:00Z'),
        experiment: { plannedEndAt: '2026-03-04T00:00:00.000Z' },
        days: [alike, alike, better],
      },
    ],
    { finding: /cannot be told apart/, caveats: /figures of the planned end, 4 Mar 2026/ },
  ],
  [
    'no planned end',
    [better, { settings: fixed, experiment: { plannedEndAt: null } }],
    { finding: /always-valid p/, caveats: /no planned end/ },
  ],
  [
    'a metric that is zero in control',
    [{ 'two-tower': crowd(400, { clicks: [0] }), dat: crowd(400, { clicks: [0] }) }],
    {
      finding: /^Nothing can be said about the click-through rate of dat against two-tower: in two-tower it is zero\.$/,
    },
  ],
  [
    'a metric that does not vary',
    [{ 'two-tower': crowd(400, { clicks: [1] }), dat: crowd(400, { clicks: [1] }) }],
    { finding: /does not vary enough between users/ },
  ],
  [
    'several arms',
    [{ ...better, mind: crowd(400, { buyers: 40 }) }],
    { finding: /dat raises .* after Holm’s correction for the arms\)\. mind and two-tower cannot be told apart/ },
  ],
  [
    'a ratio over too few orders',
    [
      { 'two-tower': crowd(400, { buyers: 40 }), dat: crowd(400, { buyers: 12, gmvMinor: 9000 }) },
      { experiment: { primaryMetric: 'averageOrderValue' } },
    ],
    {
      finding:
        /^Nothing can be said about the average order value of dat against two-tower yet: .* comes from 12 users of one of them, and at least 30 are needed\.$/,
    },
  ],
  [
    'a split that only a fixed-horizon look finds wrong (p = 0.0006): one of the many that chance gives who looks daily',
    [{ 'two-tower': crowd(1000, { buyers: 40 }), dat: crowd(1160, { buyers: 40 }) }],
    { finding: /cannot be told apart/, not: /Stop and look/ },
  ],
  [
    'arms that followed a champion through its versions',
    [
      better,
      {
        championChanges: ['2026-03-04', '2026-03-05'].flatMap((day, i) =>
          ['two-tower', 'dat'].map((armId) => ({
            ...{ armId, at: `${day}T03:00:00.000Z`, day, before: i + 1, version: i + 2, actor: 'schedule', reason: '' },
          })),
        ),
      },
    ],
    {
      finding: /^dat raises/,
      caveats:
        /took over newer versions while it ran: two-tower 2 times, last to version 3 on 5 Mar 2026, and dat 2 times|two-tower 2 times, last to version 3 on 5 Mar 2026 and dat 2 times/,
      not: /stayed as it was/,
    },
  ],
  [
    'an arm that followed a champion beside one that stayed',
    [
      better,
      {
        championChanges: [
          {
            armId: 'dat',
            at: '2026-03-04T03:00:00.000Z',
            day: '2026-03-04',
            before: 1,
            version: 2,
            actor: '',
            reason: '',
          },
        ],
      },
    ],
    { caveats: /dat once, last to version 2 .* two-tower stayed as it was/ },
  ],
  [
    'an arm that takes no part in the phase',
    [
      better,
      {
        arms: [
          { id: 'two-tower', name: 'two-tower', control: true, weight: 0.5, modelId: 'a', follows: null },
          { id: 'dat', name: 'dat', control: false, weight: 0.5, modelId: 'b', follows: null },
          { id: 'old', name: 'old', control: false, weight: 0, modelId: 'c', follows: null },
        ],
      },
    ],
    { finding: /^dat raises/, not: /\bold\b|Holm/ },
  ],
  [
    'A/A without a difference',
    [alike, { experiment: { aa: true } }],
    {
      finding: /^All arms serve the same \(A\/A\), and no difference in click-through rate was found: as it must be\.$/,
    },
  ],
  [
    'A/A with a difference',
    [better, { experiment: { aa: true } }],
    { finding: /and yet a difference .* once in 20 such tests; .* no experiment can be trusted/ },
  ],
  [
    'a guardrail that is breached',
    [
      { 'two-tower': crowd(2000, { buyers: 1000 }), dat: crowd(2000, { clicks: [2, 3], buyers: 500 }) },
      { settings: { guardrails: [{ metric: 'gmvPerUser', maxRelativeLoss: 0.02 }] } },
    ],
    {
      finding: /^dat raises/,
      caveats: /guardrail is breached.*should not be shipped: GMV per user in dat by −\d.* \(limit 2\.0 %\)/,
    },
  ],
  [
    'a guardrail that is not decided',
    [alike, { settings: { guardrails: [{ metric: 'gmvPerUser', maxRelativeLoss: 0.02 }] } }],
    { caveats: /A loss beyond its guardrail is not ruled out: GMV per user in dat \(limit/ },
  ],
  [
    'a guardrail that is passed',
    [better, { settings: { guardrails: [{ metric: 'ctr', maxRelativeLoss: 0.02 }] } }],
    { caveats: /Guardrail passed: click-through rate in dat/ },
  ],
  [
    'a guardrail on the way to the planned look, whose interval is no evidence yet',
    [slightlyWorse, { settings: { ...fixed, guardrails: [{ metric: 'ctr', maxRelativeLoss: 0 }] } }],
    { caveats: /A loss beyond its guardrail is not ruled out/, not: /is breached/ },
  ],
  [
    'the same at the planned look',
    [
      slightlyWorse,
      {
        settings: { ...fixed, guardrails: [{ metric: 'ctr', maxRelativeLoss: 0 }] },
        now: new Date('2026-03-16T01:00:00Z'),
      },
    ],
    { caveats: /A guardrail is breached/ },
  ],
  ['money, which is always told', [better], { caveats: /cannot be told apart by GMV per user/ }],
  [
    'what users did before',
    [{ 'two-tower': crowd(400, { past: true }), dat: crowd(400, { clicks: [2, 3], past: true }) }],
    { caveats: /\(CUPED\), dat’s lift of the click-through rate is \+\d/ },
  ],
  [
    'simulated shoppers',
    [better, { experiment: { simulated: true } }],
    {
      finding: /^Simulated: dat raises/,
      caveats: /^These shoppers are simulated: nothing here says what real ones would do\./,
    },
  ],
  [
    'a segment',
    [better, { segment: { dimension: 'device', value: 'mobile' } }],
    { caveats: /Only device mobile is counted: a part that was chosen after looking/ },
  ],
  [
    'an empty segment',
    [{ 'two-tower': [], dat: [] }, { segment: { dimension: 'device', value: 'tv' } }],
    { finding: /^Nobody has been exposed with device tv/ },
  ],
];

describe('what is concluded of', () => {
  for (const [what, given, { finding, caveats, not }] of claims) {
    test(what, () => {
      const report = madeUp(...given);
      const allCaveats = report.caveats.join(' ');
      if (finding) assert.match(report.finding, finding);
      if (caveats) assert.match(allCaveats, caveats);
      if (not) assert.doesNotMatch(`${report.finding} ${allCaveats}`, not);
      assert.doesNotMatch(report.conclusion, /NaN|Infinity|undefined|null/);
      assert.deepEqual(JSON.parse(JSON.stringify(report)), report, 'NaN and Infinity would turn to null');
    });
  }
});
