import { equalsP, formatCount, formatDay, formatLevel, formatPercent } from './figures.ts';
import type { InterleavingReport, Report } from './shape.ts';

/** What conclusions are drawn from. */
export type Evidence = Omit<Report, 'finding' | 'caveats' | 'conclusion'>;

export interface Conclusion {
  finding: string;
  caveats: string[];
}

/** Which of two rankings users prefer, in plain sentences. */
export function concludeInterleaving(report: Evidence, found: InterleavingReport): Conclusion {
  const { options, basis, horizon, experiment } = report;
  if (found.users === 0)
    return { finding: 'Nobody has seen an interleaved list yet: nothing can be concluded.', caveats: [] };
  if (found.users < options.minimumUsers) {
    return {
      finding: `With ${formatCount(found.users)} ${found.users === 1 ? 'user' : 'users'} nothing can be concluded yet: it needs at least ${formatCount(options.minimumUsers)}.`,
      caveats: [],
    };
  }
  if (basis === 'fixed' && horizon === 'before') {
    return {
      finding: `It is too early to conclude anything: the experiment is judged once, at its planned end on ${formatDay(experiment.plannedEndAt!)}.`,
      caveats: [],
    };
  }
  const planned = horizon === 'after' ? found.days.findLast(({ day }) => day <= report.plannedDay!) : undefined;
  const { value, low, high, p } = basis === 'sequence' ? found.sequence : (planned?.sign ?? found.sign);
  const control = report.arms.find((arm) => arm.control)!.name;
  const treatment = report.arms.find((arm) => !arm.control && arm.weight > 0)?.name ?? 'the treatment';
  if (value === null || p === null) {
    return { finding: 'Nobody has clicked more of either’s items yet: nothing can be concluded.', caveats: [] };
  }
  const interval = basis === 'sequence' ? 'confidence sequence' : 'interval';
  const range =
    low === null || high === null
      ? ''
      : `${formatLevel(options.level)} ${interval} ${formatPercent(low)} to ${formatPercent(high)}, `;
  const evidence = `of the users with a preference ${formatPercent(value)} clicked more items of ${treatment}, where 50 % is none (${range}${basis === 'sequence' ? 'always-valid ' : ''}p ${equalsP(p)})`;
  const winner = value > 0.5 ? treatment : control;
  return {
    finding:
      p > 1 - options.level
        ? `Users do not tell ${treatment} and ${control} apart: ${evidence}.`
        : `Users prefer ${winner}: ${evidence}.`,
    caveats: [
      'Lists mix both arms’ items, so a preference says which ranking is clicked more, and nothing of how much more a shop would sell by it: an A/B test does.',
      `${formatCount(found.wins)} users clicked more items of ${treatment}, ${formatCount(found.losses)} more of ${control}, ${formatCount(found.ties)} as many of either${found.preference.value === null ? '' : `; ${formatPercent(found.preference.value)} of all clicks went to items of ${treatment}`}.`,
    ],
  };
}
