import type { Database } from '@duet/db';
import { checkHealth } from '../health/health.ts';
import { raise, settle } from './alerts.ts';

/** Checks every dataset's health, keeps what was found, and raises or settles the alerts that come of it. */
export async function watchHealth(
  database: Database,
  { now = new Date(), datasetId }: { now?: Date; datasetId?: string } = {},
): Promise<void> {
  const datasets = await database.prisma.dataset.findMany({
    where: { status: 'done', ...(datasetId !== undefined && { id: datasetId }) },
    select: { id: true },
    orderBy: { id: 'asc' },
  });
  for (const { id } of datasets) {
    for (const { name, state, sentence, remedy } of await checkHealth(database, id, { now })) {
      const key = `health ${id} ${name}`;
      if (state !== 'fail') {
        await settle(database, key);
        continue;
      }
      const kind = name === 'data-stopped' ? 'data-stopped' : 'health-failed';
      await raise(database, { datasetId: id, kind, key, sentence: `${sentence} ${remedy}`, detail: { check: name } });
    }
  }
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
