import { DuetError } from '@duet/base';
import { type Author, type Database, type RegisteredModel, writeAudit } from '@duet/db';

/** Which registered model answers a dataset's requests outside experiments. */
export interface ListedDeployment {
  /** "" is every placement that has no deployment of its own. */
  placement: string;
  model: { id: string; name: string; kind: string };
  /** Null while it has no champion: popular items answer. */
  champion: { modelId: string; version: number; trainedAt: Date } | null;
  changedBy: string;
  changedAt: Date;
}

/** A dataset's deployments: the general one first, then by placement. */
export async function listDeployments({ prisma }: Database, datasetId: string): Promise<ListedDeployment[]> {
  const rows = await prisma.deployment.findMany({
    where: { datasetId },
    include: { registeredModel: { include: { champion: true } } },
    orderBy: { placement: 'asc' },
  });
  return rows.map(({ placement, changedBy, changedAt, registeredModel: { id, name, kind, champion } }) => ({
    ...{ placement, changedBy, changedAt, model: { id, name, kind } },
    champion: champion && { modelId: champion.id, version: champion.version!, trainedAt: champion.createdAt },
  }));
}

const placementShape = /^[\w.:-]{0,100}$/;

/**
 * Lets a registered model answer at a placement, or ("") wherever nothing else is deployed.
 *
 * @throws DuetError `bad-input` for a placement that is no name; `conflict` where the model has no champion
 */
export async function deploy(
  { prisma }: Database,
  registered: Pick<RegisteredModel, 'id' | 'name' | 'datasetId' | 'championId'>,
  { placement = '' }: { placement?: string | undefined } = {},
  author: Author = {},
): Promise<void> {
  if (!placementShape.test(placement)) {
    throw new DuetError('bad-input', `"${placement}" is no placement.`, {
      where: { field: 'placement' },
      fix: 'Write the name that the storefront asks with: letters, digits, dots, dashes and colons, 100 at most.',
    });
  }
  if (registered.championId === null) {
    throw new DuetError('conflict', `"${registered.name}" has no champion to answer with.`, {
      fix: `Make one: npx duet refresh --model ${registered.name}, or npx duet promote.`,
    });
  }
  const { datasetId, id: registeredModelId, name } = registered;
  const changed = { registeredModelId, changedBy: author.actor ?? 'duet', changedAt: author.now ?? new Date() };
  await prisma.$transaction(async (tx) => {
    const where = { datasetId_placement: { datasetId, placement } };
    const before = await tx.deployment.findUnique({ where, include: { registeredModel: { select: { name: true } } } });
    await tx.deployment.upsert({ where, create: { datasetId, placement, ...changed }, update: changed });
    const at = placement === '' ? 'everywhere' : placement;
    await writeAudit(tx, author, {
      ...{ action: 'deploy', objectKind: 'dataset', objectId: datasetId },
      before: before && { [at]: before.registeredModel.name },
      after: { [at]: name },
    });
  });
}

/**
 * Ends a deployment: the general one answers at the placement again; without that, popular items.
 *
 * @throws DuetError `not-found` where nothing is deployed there
 */
export async function undeploy(
  { prisma }: Database,
  datasetId: string,
  placement: string,
  author: Author = {},
): Promise<void> {
  await prisma.$transaction(async (tx) => {
    const where = { datasetId_placement: { datasetId, placement } };
    const before = await tx.deployment.findUnique({ where, include: { registeredModel: { select: { name: true } } } });
    const at = placement === '' ? 'everywhere' : placement;
    if (before === null) throw new DuetError('not-found', `Nothing is deployed ${placement === '' ? '' : 'at '}${at}.`);
    await tx.deployment.delete({ where });
    await writeAudit(tx, author, {
      ...{ action: 'undeploy', objectKind: 'dataset', objectId: datasetId },
      before: { [at]: before.registeredModel.name },
      after: {},
    });
  });
}
