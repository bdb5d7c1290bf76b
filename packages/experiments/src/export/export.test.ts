import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Report } from '../report/shape.ts';
import { crowd, madeUp, sumsOf } from '../testing/made-up.ts';
import { reportCsv } from './csv.ts';
import { reportHtml } from './html.ts';

const arms = { 'two-tower': crowd(400, { buyers: 40, past: true }), dat: crowd(400, { clicks: [2, 3], buyers: 60 }) };
const half = { 'two-tower': crowd(150, { buyers: 10 }), dat: crowd(150, { clicks: [2, 3], buyers: 20 }) };
const segments = ['mobile', 'desk"top, big'].map((value) => ({
  dimension: 'device',
  value,
  arms: new Map(Object.entries(half).map(([name, users]) => [name, sumsOf(users)])),
}));
const whole = madeUp(arms, {
  days: [half, arms],
  parts: segments,
  settings: { guardrails: [{ metric: 'gmvPerUser', maxRelativeLoss: 0.05 }] },
  experiment: {
    decision: { arm: 'dat', by: 'ann', at: '2026-03-17T09:00:00.000Z', note: 'It sells <more> & better.' },
  },
});
/** What a report can be short of. */
const small: [string, Report][] = [
  ['nobody', madeUp({ 'two-tower': [], dat: [] }, { days: [] })],
  ['one user', madeUp({ 'two-tower': crowd(1), dat: [] })],
  ['one arm empty', madeUp({ 'two-tower': crowd(300), dat: [] })],
  ['three arms', madeUp({ ...arms, mind: crowd(400) })],
];

/** RFC 4180, as its grammar says. */
function parsed(csv: string): Record<string, string>[] {
  const records = csv
    .split('\r\n')
    .slice(0, -1)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) =>
        quoted === undefined ? plain! : quoted.replaceAll('""', '"'),
      ),
    );
  const [heading, ...rows] = records;
  for (const row of rows) assert.equal(row.length, heading!.length);
  return rows.map((row) => Object.fromEntries(heading!.map((name, i) => [name, row[i]!])));
}

describe('CSV', () => {
  test('has a row for every arm, metric, day and segment, with the report’s own numbers', () => {
    const rows = parsed(reportCsv(whole));
    const metrics = whole.metrics.length;
    const count = (scope: string) => rows.filter((row) => row.scope === scope).length;
    assert.deepEqual([count('total'), count('day'), count('segment')], [2 * metrics, 2 * metrics, 4 * metrics]);
    const dat = rows.find((row) => row.scope === 'total' && row.arm === 'dat' && row.metric === 'ctr')!;
    const lift = whole.arms[1]!.lift!.ctr!;
    assert.equal(Number(dat.lift), lift.relative.value);
    assert.equal(Number(dat.sequence_low), lift.sequence.relative.low);
    assert.equal(Number(dat.users), 400);
    const lastDay = rows.findLast((row) => row.scope === 'day' && row.arm === 'dat' && row.metric === 'ctr')!;
    assert.equal(lastDay.lift, dat.lift);
    assert.ok(rows.some((row) => row.segment === 'desk"top, big'));
  });

  test('leaves a figure empty that the data do not determine', () => {
    for (const [, report] of small) assert.doesNotMatch(reportCsv(report), /null|NaN|undefined|Infinity/);
  });

  test('keeps a spreadsheet from running a name as a formula', () => {
    const rows = parsed(reportCsv(madeUp({ '=HYPERLINK("x")': crowd(2), '@a': crowd(2) })));
    assert.deepEqual([...new Set(rows.map((row) => row.arm))].sort(), [`'=HYPERLINK("x")`, "'@a"]);
  });
});

describe('HTML', () => {
  const page = reportHtml(whole);

  test('needs nothing from elsewhere', () => {
    for (const [, report] of [['whole', whole] as const, ...small]) {
      const html = reportHtml(report).replaceAll('xmlns="http://www.w3.org/2000/svg"', '');
      assert.doesNotMatch(html, /<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|@import|https?:/);
      assert.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
    }
  });

  test('says what was found, with figures, plot, guardrails, breakdown, days and the decision', () => {
    assert.ok(page.includes(whole.finding.replaceAll('<', '&#60;')));
    for (const part of [
      /<svg /,
      /<th scope="row">Click-through rate<\/th>/,
      /<h2>Guardrails<\/h2>/,
      /<h2>Click-through rate by device<\/h2>/,
      /desk&#34;top, big/,
      /<h2>Day by day<\/h2>/,
      /<strong>dat was chosen<\/strong> by ann on 17 Mar 2026\. It sells &#60;more&#62; &#38; better\./,
      /£\d/,
    ]) {
      assert.match(page, part);
    }
  });

  test('writes names as text', () => {
    const named = reportHtml(
      madeUp(
        { '<img src=x>': crowd(200), dat: crowd(200) },
        { experiment: { name: '</title><script>alert(1)</script>' } },
      ),
    );
    assert.doesNotMatch(named, /<img|<script/);
  });

  test('says loudly that shoppers were simulated', () => {
    assert.match(reportHtml(madeUp(arms, { experiment: { simulated: true } })), /<strong>Simulated\.<\/strong>/);
    assert.doesNotMatch(page, /Simulated/);
  });

  for (const [what, report] of small) {
    test(`stands with ${what}`, () => {
      assert.doesNotMatch(reportHtml(report), /\bnull\b|NaN|undefined|Infinity|\[object/);
    });
  }
});
