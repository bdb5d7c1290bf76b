import type { Interval } from '@duet/statistics';
import { equalsP, formatChange, formatCount, formatDay, formatLevel, formatPercent, list } from './figures.ts';
import { type Conclusion, concludeInterleaving, type Evidence } from './interleaving-conclusion.ts';
import { outlierSentences } from './outliers.ts';
import type { ArmReport, Guardrail, Lift, ReportMetric } from './shape.ts';

/** What a report can and cannot conclude, in plain sentences for somebody who will act on them. */
export function conclude(report: Evidence): Conclusion {
  const { finding, caveats: ownCaveats } = concludeAsIf(report);
  const caveats = [...ownCaveats, ...outlierSentences(report), ...retrained(report)];
  if (!report.experiment.simulated) return { finding, caveats };
  return {
    finding: `Simulated: ${finding}`,
    caveats: ['These shoppers are simulated: nothing here says what real ones would do.', ...caveats],
  };
}

/** How often arms took over another version while the users were counted; where only some did, what that may mean. */
function retrained({ arms, championChanges }: Evidence): string[] {
  if (championChanges.length === 0) return [];
  const times = arms.flatMap(({ id, name, weight }) => {
    const armChanges = championChanges.filter(({ armId }) => armId === id);
    return weight === 0 ? [] : [{ name, count: armChanges.length, last: armChanges.at(-1) }];
  });
  const changed = times.flatMap(({ name, count, last }) =>
    last === undefined
      ? []
      : `${name} ${count === 1 ? 'once' : `${formatCount(count)} times`}, last to version ${last.version} on ${formatDay(last.at)}`,
  );
  const others = times.filter(({ count }) => count === 0).map(({ name }) => name);
  return [
    `Its arms took over newer versions while it ran: ${list(changed)}.`,
    ...(others.length > 0 && changed.length > 0
      ? [`${list(others)} stayed as it was: a part of a difference may be that the other learnt from newer data.`]
      : []),
  ];
}

function concludeAsIf(report: Evidence): Conclusion {
  const nothing = (finding: string): Conclusion => ({ finding, caveats: [] });
  const { arms, srm, options, experiment } = report;
  if (report.interleaving !== null) return concludeInterleaving(report, report.interleaving);
  const users = arms.reduce((sum, arm) => sum + arm.users, 0);
  if (users === 0) {
    return nothing(
      report.segment === null
        ? 'Nobody has been exposed yet: nothing can be concluded.'
        : `Nobody has been exposed with ${report.segment.dimension} ${report.segment.value}: nothing can be concluded of it.`,
    );
  }
  const split = list(arms.map((arm) => `${formatCount(arm.users)} in ${arm.name}`));
  if (srm.warning) {
    return nothing(
      `Stop and look: the users did not split as planned (${split}; always-valid p ${equalsP(srm.p!)}). No difference between the arms can be trusted until the cause is found.`,
    );
  }
  const planned = arms.filter(({ weight }) => weight > 0);
  if (planned.some((arm) => arm.users < options.minimumUsers)) {
    return nothing(
      `With ${formatCount(users)} ${users === 1 ? 'user' : 'users'} (${split}) nothing can be concluded yet: each arm needs at least ${formatCount(options.minimumUsers)}.`,
    );
  }
  const control = planned.find((arm) => arm.control);
  const treatments = planned.filter((arm) => !arm.control);
  if (!control || treatments.length === 0) {
    return nothing('There is nothing to compare: it needs a control and another arm that users are dealt out to.');
  }
  const primary = report.metrics.find(({ key }) => key === experiment.primaryMetric) ?? report.metrics[0]!;
  const verdicts = treatments.map((arm) => judge(report, arm, control, primary));
  if (report.basis === 'fixed' && report.horizon === 'before') {
    return {
      finding: `It is too early to conclude anything: the experiment is judged once, at its planned end on ${formatDay(experiment.plannedEndAt!)}.`,
      caveats: [
        `The ${formatLevel(options.level)} intervals shown on the way are valid at that end only: whoever stops at the first one that leaves out zero finds differences that are not there.`,
        ...guardrailSentences(report),
      ],
    };
  }
  if (experiment.aa) return aaConclusion(verdicts, primary, report);
  return {
    finding: verdicts
      .flatMap(({ sentence, caution }) => [sentence, caution])
      .filter(Boolean)
      .join(' '),
    caveats: [
      ...guardrailSentences(report),
      ...otherMoney(report, treatments, control, primary),
      ...(verdicts.some(({ state }) => state !== 'unknown') ? validity(report, treatments, primary) : []),
      ...adjusted(report, treatments, primary),
    ],
  };
}

const known = ({ low, high }: Interval): boolean => low !== null && high !== null;
const between = ({ low, high }: Interval): string => `${formatChange(low!)} to ${formatChange(high!)}`;

interface Verdict {
  state: 'raises' | 'lowers' | 'undecided' | 'unknown';
  sentence: string;
  /** What it must not be taken for. */
  caution?: string;
}

/** The lift by which the experiment is judged: the sequence, or the fixed-horizon interval as of the planned end. */
function judgedLift(report: Evidence, arm: ArmReport, metric: string): { relative: Interval; p: number | null } {
  const lift = arm.lift![metric]!;
  if (report.basis === 'sequence') return { relative: lift.sequence.relative, p: lift.sequence.adjustedP };
  return atPlannedEnd(report, arm, metric) ?? { relative: lift.relative, p: lift.adjustedP };
}

/** The figures as they stood at the planned end, where the experiment went on after it. */
function atPlannedEnd({ horizon, plannedDay, series }: Evidence, { id }: ArmReport, metric: string) {
  if (horizon !== 'after') return undefined;
  const points = series.find((line) => line.armId === id && line.metric === metric)?.points ?? [];
  return points.filter(({ day }) => day <= plannedDay!).at(-1);
}

function judge(report: Evidence, arm: ArmReport, control: ArmReport, metric: ReportMetric): Verdict {
  const { relative, p } = judgedLift(report, arm, metric.key);
  const { tooFew } = arm.lift![metric.key]!;
  if (tooFew !== null) {
    return {
      state: 'unknown',
      sentence: `Nothing can be said about the ${metric.title} of ${arm.name} against ${control.name} yet: what it is divided by comes from ${formatCount(tooFew.has)} users of one of them, and at least ${formatCount(tooFew.needs)} are needed.`,
    };
  }
  const several = report.arms.filter(({ weight, control }) => weight > 0 && !control).length > 1;
  if (p === null || relative.value === null) {
    const why =
      control.metrics[metric.key]!.value === 0
        ? `in ${control.name} it is zero`
        : 'it does not vary enough between users to tell';
    return {
      state: 'unknown',
      sentence: `Nothing can be said about the ${metric.title} of ${arm.name} against ${control.name}: ${why}.`,
    };
  }
  const interval = report.basis === 'sequence' ? 'confidence sequence' : 'interval';
  const probability = `${report.basis === 'sequence' ? 'always-valid ' : ''}p ${equalsP(p)}`;
  const figures = known(relative)
    ? `${formatLevel(report.options.level)} ${interval} ${between(relative)}, ${probability}`
    : probability;
  const range = several ? `${figures}, after Holm’s correction for the arms` : figures;
  if (p > 1 - report.options.level) {
    return {
      state: 'undecided',
      sentence: `${arm.name} and ${control.name} cannot be told apart by ${metric.title} (lift ${formatChange(relative.value)}, ${range}).`,
      caution: excluded(relative),
    };
  }
  const state = relative.value > 0 ? 'raises' : 'lowers';
  return {
    state,
    sentence: `${arm.name} ${state} the ${metric.title} by ${formatPercent(Math.abs(relative.value))} against ${control.name} (${range}).${(relative.value > 0) === (metric.direction === 'up') ? '' : ' That is the wrong way.'}`,
  };
}

/** No difference found is not no difference: what size of it is ruled out. */
const excluded = (relative: Interval): string =>
  known(relative) && relative.low! < 0 && relative.high! > 0
    ? `That does not make them equal: anything from ${formatChange(relative.low!)} to ${formatChange(relative.high!)} agrees with the data.`
    : '';

function aaConclusion(verdicts: Verdict[], { title }: ReportMetric, { options }: Evidence): Conclusion {
  if (verdicts.every(({ state }) => state !== 'raises' && state !== 'lowers')) {
    return {
      finding: `All arms serve the same (A/A), and no difference in ${title} was found: as it must be.`,
      caveats: verdicts.map(({ sentence }) => sentence),
    };
  }
  return {
    finding: `All arms serve the same (A/A), and yet a difference in ${title} was found. By chance that happens once in ${formatCount(1 / (1 - options.level))} such tests; if another one finds it too, assignment or logging is at fault, and no experiment can be trusted.`,
    caveats: verdicts.map(({ sentence }) => sentence),
  };
}

function guardrailSentences({ guardrails, metrics, arms }: Evidence): string[] {
  const arm = (id: string) => arms.find((arm) => arm.id === id)?.name ?? id;
  /** "GMV per user in dat and mind (limit 2.0 %)", with the lifts where they decided. */
  const named = (state: Guardrail['state']) => {
    const of = Map.groupBy(
      guardrails.filter((guardrail) => guardrail.state === state),
      ({ metric }) => metric,
    );
    return [...of].map(([metric, metricTests]) => {
      const where = metricTests.map(({ armId, relative }) =>
        state === 'breached' ? `${arm(armId)} by ${between(relative)}` : arm(armId),
      );
      const title = metrics.find(({ key }) => key === metric)?.title ?? metric;
      return `${title} in ${list(where)} (limit ${formatPercent(metricTests[0]!.maxRelativeLoss)})`;
    });
  };
  const say = (state: Guardrail['state'], how: (names: string) => string): string[] => {
    const names = named(state);
    return names.length === 0 ? [] : [how(names.join('; '))];
  };
  return [
    ...say('breached', (names) => `A guardrail is breached, so the arm should not be shipped: ${names}.`),
    ...say('undecided', (names) => `A loss beyond its guardrail is not ruled out: ${names}.`),
    ...say('passed', (names) => `Guardrail passed: ${names}.`),
  ];
}

/** GMV per user, where it is not what the experiment is judged by: what was done to the money is always asked. */
function otherMoney(report: Evidence, treatments: ArmReport[], control: ArmReport, primary: ReportMetric): string[] {
  const money = report.metrics.find(({ key }) => key === 'gmvPerUser');
  if (!money || money.key === primary.key) return [];
  return treatments.map((arm) => judge(report, arm, control, money).sentence);
}

function validity(report: Evidence, treatments: ArmReport[], { key, title }: ReportMetric): string[] {
  const { basis, horizon, experiment, options } = report;
  const level = formatLevel(options.level);
  const end = experiment.plannedEndAt && formatDay(experiment.plannedEndAt);
  const fixed = (of: (arm: ArmReport) => { relative: Interval; p: number | null } | undefined) =>
    treatments.flatMap((arm) => {
      const found = of(arm);
      return found && known(found.relative) ? [`${between(found.relative)} for ${arm.name}`] : [];
    });
  if (basis === 'fixed') {
    return horizon === 'after'
      ? [`These are the figures of the planned end, ${end}: a fixed-horizon interval holds at no other look.`]
      : [`The interval holds because this is the planned end, ${end}: it would not at another look.`];
  }
  const sentences: string[] = [];
  if (experiment.status === 'running') {
    sentences.push('The confidence sequence holds at every look, so it may be looked at, and stopped, at any time.');
  }
  if (horizon === 'before') {
    const early = treatments.filter((arm) => fixedOnly(arm.lift![key]!, options.level));
    sentences.push(
      early.length > 0
        ? `The fixed-horizon interval of the ${title} leaves out zero already for ${list(early.map(({ name }) => name))}, but it is valid at the planned end only, ${end}: today it is no evidence.`
        : `Fixed-horizon intervals are valid at the planned end only, ${end}.`,
    );
  }
  if (horizon === 'at' || horizon === 'after') {
    const ranges = fixed((arm) => atPlannedEnd(report, arm, key) ?? arm.lift![key]);
    if (ranges.length > 0) {
      sentences.push(`The fixed-horizon ${level} interval at the planned end, ${end}, is ${list(ranges)}.`);
    }
  }
  if (horizon === 'unplanned') {
    sentences.push('The experiment has no planned end, so its fixed-horizon intervals are valid at no look.');
  }
  return sentences;
}

const fixedOnly = (lift: Lift, level: number): boolean =>
  lift.adjustedP !== null && lift.adjustedP <= 1 - level && !(lift.sequence.adjustedP! <= 1 - level);

/** Share of the variance below which an adjustment by the past changes nothing. */
const worthTelling = 0.05;

function adjusted(
  { basis, options, segment }: Evidence,
  treatments: ArmReport[],
  { key, title }: ReportMetric,
): string[] {
  const sentences = treatments.flatMap(({ name, lift }) => {
    const { cuped } = lift![key]!;
    if (!cuped || cuped.varianceReduction < worthTelling) return [];
    const { relative } = basis === 'sequence' ? cuped.sequence : cuped;
    if (relative.value === null || !known(relative)) return [];
    return [
      `With what shoppers did before taken out (CUPED), ${name}’s lift of the ${title} is ${formatChange(relative.value)} (${formatLevel(options.level)} ${between(relative)}), with ${formatPercent(cuped.varianceReduction, 0)} less variance.`,
    ];
  });
  if (segment !== null) {
    sentences.push(
      `Only ${segment.dimension} ${segment.value} is counted: a part that was chosen after looking finds differences that are not there.`,
    );
  }
  return sentences;
}
