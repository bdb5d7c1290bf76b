import path from 'node:path';
import { DuetError } from '@duet/base';
import { removeDatasetFiles } from '@duet/datasets';
import { type Author, type Database, type Dataset, writeAudit } from '@duet/db';

export interface RemovalContext {
  db: Database;
  dataDir: string;
}

/** What goes with a dataset. */
export interface DatasetContents {
  parts: number;
  snapshots: number;
  items: number;
  models: number;
  rankers: number;
  experiments: number;
  rules: number;
  keys: number;
}

/** What hangs on a dataset, and would go with it. */
export async function contentsOfDataset({ prisma }: Database, { id }: Pick<Dataset, 'id'>): Promise<DatasetContents> {
  const { _count: n } = await prisma.dataset.findUniqueOrThrow({
    where: { id },
    select: {
      _count: {
        select: {
          ...{ parts: true, snapshots: true, catalogue: true, models: true },
          ...{ rankers: true, experiments: true, rules: true, apiKeys: true },
        },
      },
    },
  });
  const { parts, snapshots, catalogue: items, models, rankers, experiments, rules, apiKeys: keys } = n;
  return { parts, snapshots, items, models, rankers, experiments, rules, keys };
}

/** @throws DuetError `conflict` naming what of the dataset serves */
async function refuseServing({ prisma }: Database, { id, name }: Dataset): Promise<void> {
  const running = await prisma.experiment.findMany({ where: { datasetId: id, status: 'running' } });
  if (running.length > 0) {
    throw new DuetError('conflict', `Experiments run on "${name}": ${running.map((one) => one.name).join(', ')}.`, {
      fix: 'Stop them first: npx duet experiment stop.',
    });
  }
  const deployed = await prisma.deployment.findMany({ where: { datasetId: id }, include: { registeredModel: true } });
  if (deployed.length === 0) return;
  const names = deployed.map(
    ({ placement, registeredModel }) => `${registeredModel.name} (${placement || 'everywhere'})`,
  );
  throw new DuetError('conflict', `"${name}" serves: ${names.join(', ')}.`, {
    fix: `End that first: npx duet deploy --end --dataset ${name}.`,
  });
}

/**
 * Deletes a dataset with all that hangs on it: rows, events, and files of its parts, snapshots, models and indexes.
 *
 * @returns what went with it
 * @throws DuetError `conflict` where it serves, or is being changed
 */
export async function removeDataset(
  { db, dataDir }: RemovalContext,
  dataset: Dataset,
  author: Author = {},
): Promise<DatasetContents> {
  const { id, name } = dataset;
  const contents = await contentsOfDataset(db, dataset);
  await removeDatasetFiles({ db, dataDir }, id, async () => {
    await refuseServing(db, dataset);
    const models = await db.prisma.model.findMany({ where: { datasetId: id }, include: { indexes: true } });
    const folders = [
      ...models.map((model) => path.join(dataDir, 'models', model.id)),
      ...models.flatMap(({ indexes }) => indexes.map((index) => path.join(dataDir, 'indexes', index.id))),
    ];
    return {
      folders,
      rows: async (client) => {
        // Arms hold on to their models, so experiments go first.
        await client.query('DELETE FROM "Experiment" WHERE "datasetId" = $1', [id]);
        await client.query('DELETE FROM "Event" WHERE "datasetId" = $1', [id]);
      },
    };
  });
  await writeAudit(db.prisma, author, {
    ...{ action: 'remove', objectKind: 'dataset', objectId: id, note: name },
    ...{ before: { name, ...contents }, after: null },
  });
  return contents;
}
