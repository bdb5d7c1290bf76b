import { type AuditLog, type Database, type Experiment, type Prisma, writeAudit } from '@duet/db';
import type { Metric } from '../metrics/experiment-metrics.ts';
import { type ExperimentSettings, parseSettings } from '../plan/experiment-settings.ts';
import { experimentReport } from '../report/report.ts';
import type { Report } from '../report/shape.ts';
import { stopExperiment } from './lifecycle.ts';

/** A stop rule that applies. */
export interface Finding {
  rule: keyof ExperimentSettings['stopRules'];
  /** What of: a guardrail's metric and arm. */
  subject: string;
  /** A sentence for the operator. */
  says: string;
}

const percent = (share: number | null) => `${(100 * (share ?? 0)).toFixed(1)} %`;

/** Which stop rules apply to a running experiment, by its report. */
function findingsOf(
  {
    srm,
    arms,
    guardrails,
    metrics,
    experiment,
  }: Pick<Report, 'srm' | 'arms' | 'guardrails' | 'metrics' | 'experiment'>,
  now: Date,
): Finding[] {
  const findings: Finding[] = [];
  if (srm.warning) {
    const split = arms.map(({ name, users }) => `${users} in ${name}`).join(', ');
    const says = `The users did not split as planned (${split}; always-valid p = ${srm.p?.toPrecision(2)}).`;
    findings.push({ rule: 'srm', subject: '', says });
  }
  for (const { metric, armId, state, relative, maxRelativeLoss } of guardrails) {
    if (state !== 'breached') continue;
    const arm = arms.find(({ id }) => id === armId)?.name ?? armId;
    const title = metrics.find(({ key }) => key === metric)?.title ?? metric;
    const says = `${arm} harms the ${title}: its lift lies between ${percent(relative.low)} and ${percent(relative.high)}, and may be no worse than ${percent(maxRelativeLoss)} of loss.`;
    findings.push({ rule: 'guardrail', subject: `${metric} ${arm}`, says });
  }
  if (experiment.plannedEndAt !== null && Date.parse(experiment.plannedEndAt) <= now.getTime()) {
    findings.push({ rule: 'plannedEnd', subject: '', says: 'The planned days are over.' });
  }
  return findings;
}

/** What was warned of in the experiment's present phase, the newest first. */
export function warningsOf(
  prisma: Pick<Prisma.TransactionClient, 'auditLog'>,
  { id, phaseStartedAt }: { id: string; phaseStartedAt: Date | null },
): Promise<AuditLog[]> {
  return prisma.auditLog.findMany({
    where: { objectKind: 'experiment', objectId: id, action: 'warn', at: { gte: phaseStartedAt ?? new Date(0) } },
    orderBy: { at: 'desc' },
  });
}

/** Writes a warning down once a phase; says whether it is a new one. */
async function warn(
  { prisma }: Database,
  { id, phase }: Pick<Experiment, 'id' | 'phase'>,
  { rule, subject, says }: Finding,
  now: Date,
): Promise<boolean> {
  return prisma.$transaction(async (tx) => {
    // Held, so that two workers do not both find the warning new.
    await tx.$queryRaw`SELECT 1 FROM "Experiment" WHERE "id" = ${id}::uuid FOR UPDATE`;
    const found = await tx.experiment.findUniqueOrThrow({ where: { id } });
    const known = await warningsOf(tx, found);
    const after = { rule, subject };
    const isKnown = known.some(({ after: other }) => JSON.stringify(other) === JSON.stringify(after));
    if (isKnown || found.status !== 'running' || found.phase !== phase) return false;
    const change = { action: 'warn', objectKind: 'experiment', objectId: id, before: null, after, note: says };
    await writeAudit(tx, { actor: 'worker', now }, change);
    return true;
  });
}

/** What {@link applyStopRules} did. */
export interface Applied extends Finding {
  experiment: string;
  action: 'warn' | 'stop';
}

/**
 * Looks at every running experiment of real shoppers, warns once a phase of what applies, and stops those whose
 * settings say so. The split is judged by its always-valid p, a guardrail by the confidence sequence (or, within a day
 * of the planned end, by the interval of that one look), so looking every minute finds nothing that chance alone has
 * done.
 *
 * @returns what is new
 * @throws AggregateError after all have been looked at, of those that could not be
 */
export async function applyStopRules(
  database: Database,
  { now = new Date(), metrics }: { now?: Date; metrics?: readonly Metric[] } = {},
): Promise<Applied[]> {
  const running = await database.prisma.experiment.findMany({
    where: { status: 'running', simulated: false },
    orderBy: { id: 'asc' },
  });
  const applied: Applied[] = [];
  const failed: unknown[] = [];
  for (const experiment of running) {
    await applyTo(database, experiment, { now, metrics }, applied).catch((error) => failed.push(error));
  }
  if (failed.length > 0) throw new AggregateError(failed, `${failed.length} experiments could not be looked at`);
  return applied;
}

async function applyTo(
  database: Database,
  { id, name, settings }: Experiment,
  { now, metrics }: { now: Date; metrics: readonly Metric[] | undefined },
  applied: Applied[],
): Promise<void> {
  const { stopRules } = parseSettings(settings);
  const report = await experimentReport(database, id, { now, breakdowns: false, ...(metrics && { metrics }) });
  const { phase } = report;
  for (const finding of findingsOf(report, now)) {
    const action = stopRules[finding.rule];
    const outcome = { ...finding, experiment: name, action };
    if (action === 'warn') {
      if (await warn(database, { id, phase }, finding, now)) applied.push(outcome);
      continue;
    }
    await stopExperiment(database, id, { actor: 'worker', now, note: finding.says, phase });
    applied.push(outcome);
    return;
  }
}
