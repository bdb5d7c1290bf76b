import { DuetError } from '@duet/base';
import { type Author, type Database, writeAudit } from '@duet/db';

/**
 * Sets the share of a dataset's users who are in no experiment. While one runs it can only be lowered: raising it would
 * take users out of the experiment.
 *
 * @throws DuetError `conflict`, `bad-input`, `not-found`
 */
export async function setHoldout(
  { prisma }: Database,
  datasetId: string,
  share: number,
  author: Author = {},
): Promise<void> {
  if (!(share >= 0 && share < 1)) {
    throw new DuetError('bad-input', 'A holdout is a share of the users, from 0 to less than 1.', {
      where: { field: 'holdout' },
    });
  }
  await prisma.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Dataset" WHERE "id" = ${datasetId}::uuid FOR UPDATE`;
    const dataset = await tx.dataset.findUnique({ where: { id: datasetId }, select: { name: true, holdout: true } });
    if (dataset === null) throw new DuetError('not-found', `There is no dataset ${datasetId}.`);
    if (dataset.holdout === share) return;
    const running = await tx.experiment.findFirst({ where: { datasetId, status: 'running' }, select: { name: true } });
    if (running !== null && share > dataset.holdout) {
      throw new DuetError('conflict', `The holdout of "${dataset.name}" cannot rise while "${running.name}" runs.`, {
        where: { field: 'holdout' },
        fix: 'Users would be taken out of the experiment: stop it first.',
      });
    }
    await tx.dataset.update({ where: { id: datasetId }, data: { holdout: share } });
    const change = { action: 'holdout', objectKind: 'dataset', objectId: datasetId };
    await writeAudit(tx, author, { ...change, before: { holdout: dataset.holdout }, after: { holdout: share } });
  });
}
