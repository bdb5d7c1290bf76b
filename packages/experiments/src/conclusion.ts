import type { ArmReport, Report } from './report.ts';

const percent = (share: number) => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)} %`;
const probability = (p: number) => (p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`);
const list = (parts: string[]) => [parts.slice(0, -1).join(', '), parts.at(-1)].filter(Boolean).join(' and ');

/** What a report can and cannot conclude, in plain sentences for somebody who will act on them. */
export function conclude(report: Omit<Report, 'conclusion'>): string {
  const { arms, srm, options, experiment } = report;
  const users = arms.reduce((sum, arm) => sum + arm.users, 0);
  if (users === 0) return 'Nobody has been exposed yet: nothing can be concluded.';
  const split = list(arms.map((arm) => `${arm.users} in ${arm.name}`));
  if (srm.warning) {
    return `Stop and look: the users did not split as planned (${split}; ${probability(srm.p!)}). No difference between the arms can be trusted until the cause is found.`;
  }
  if (arms.some((arm) => arm.users < options.minimumUsers)) {
    return `With ${users} ${users === 1 ? 'user' : 'users'} (${split}) nothing can be concluded yet: each arm needs at least ${options.minimumUsers}.`;
  }
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control);
  if (!control) return 'The experiment has no control arm, so there is nothing to compare with.';
  const primary = report.metrics.find(({ key }) => key === experiment.primaryMetric) ?? report.metrics[0]!;
  const told = [primary, ...report.metrics.filter(({ key }) => key === 'gmvPerUser' && key !== primary.key)];
  const sentences = treatments.flatMap((arm) => told.map((metric) => compare(arm, control, metric, options.level)));
  if (experiment.status === 'running') {
    sentences.push(
      'The experiment is still running: an interval holds for one look at the planned end, not for every look on the way.',
    );
  }
  if (treatments.length > 1) sentences.push('The p values are not corrected for comparing several arms.');
  return sentences.join(' ');
}

function compare(arm: ArmReport, control: ArmReport, { key, title }: Report['metrics'][number], level: number): string {
  const { absolute, relative, p } = arm.lift![key];
  if (p === null || absolute.value === null) {
    return `Nothing can be said about the ${title} of ${arm.name} against ${control.name}: it does not vary between users.`;
  }
  const range =
    relative.low === null || relative.high === null
      ? probability(p)
      : `${100 * level} % interval ${percent(relative.low)} to ${percent(relative.high)}, ${probability(p)}`;
  if (p >= 1 - level) return `${arm.name} and ${control.name} cannot be told apart by ${title} (lift: ${range}).`;
  const size = relative.value === null ? '' : ` by ${percent(relative.value)}`;
  return `${arm.name} ${absolute.value > 0 ? 'raises' : 'lowers'} the ${title}${size} against ${control.name} (${range}).`;
}
