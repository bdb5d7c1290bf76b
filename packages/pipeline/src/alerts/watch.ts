import type { Database } from '@duet/db';
import { checkHealth, type NamedResult } from '../health/health.ts';
import { raise, settle } from './alerts.ts';

/** Checks a dataset's health, keeps what was found, and raises or settles the alerts that come of it. */
export async function watchHealth(
  database: Database,
  datasetId: string,
  { now = new Date() }: { now?: Date } = {},
): Promise<NamedResult[]> {
  const results = await checkHealth(database, datasetId, { now });
  for (const { name, state, sentence, remedy } of results) {
    const key = `health ${datasetId} ${name}`;
    if (state !== 'fail') {
      await settle(database.prisma, key);
      continue;
    }
    const kind = name === 'data-stopped' ? 'data-stopped' : 'health-failed';
    await raise(database, { datasetId, kind, key, sentence: `${sentence} ${remedy}`, detail: { check: name } });
  }
  return results;
}

const minuteMs = 60_000;

/**
 * Checks the health of the datasets whose turn it is: each hour, and every five minutes where an alert of it is open,
 * so that it closes soon after its cause is over.
 */
export async function watchDueHealth(database: Database, { now = new Date() }: { now?: Date } = {}): Promise<void> {
  const due = await database.prisma.dataset.findMany({
    where: {
      status: 'done',
      OR: [
        { health: { none: { checkedAt: { gt: new Date(now.getTime() - 60 * minuteMs) } } } },
        {
          health: { none: { checkedAt: { gt: new Date(now.getTime() - 5 * minuteMs) } } },
          alerts: { some: { closedAt: null, kind: { in: ['data-stopped', 'health-failed'] } } },
        },
      ],
    },
    select: { id: true },
    orderBy: { id: 'asc' },
  });
  for (const { id } of due) await watchHealth(database, id, { now });
}

/** Raises an alert for what stop rules found of an experiment. */
export async function alertOfRule(
  database: Database,
  { experiment, rule, says, subject }: { experiment: string; rule: string; says: string; subject: string },
): Promise<void> {
  if (rule !== 'srm' && rule !== 'guardrail') return;
  const found = await database.prisma.experiment.findUnique({ where: { name: experiment } });
  if (found === null) return;
  const { id, datasetId, phase } = found;
  await raise(database, {
    ...{ datasetId, kind: rule === 'srm' ? 'split-wrong' : 'guardrail-broken' },
    key: `experiment ${id} phase ${phase} ${rule} ${subject}`,
    ...{ sentence: `Experiment "${experiment}": ${says}`, detail: { experimentId: id, rule, subject } },
  });
}

/** Closes the alerts of experiments that do not run any more, or run another phase. */
export async function settleRules({ pool }: Database): Promise<void> {
  await pool.query(
    `UPDATE "Alert" a SET "closedAt" = now()
     WHERE a."closedAt" IS NULL AND a."kind" IN ('split-wrong', 'guardrail-broken') AND NOT EXISTS (
       SELECT FROM "Experiment" e WHERE e."status" = 'running'
         AND starts_with(a."key", 'experiment ' || e."id" || ' phase ' || e."phase" || ' '))`,
  );
}
