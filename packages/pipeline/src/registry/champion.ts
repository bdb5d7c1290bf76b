import { DuetError } from '@duet/base';
import { type Author, type Database, type Model, type Prisma, type RegisteredModel, writeAudit } from '@duet/db';
import { keysOfRefresh, settle } from '../alerts/alerts.ts';

/** What changed when a version became the champion. */
export interface Promoted {
  registeredModelId: string;
  name: string;
  /** The champion now, and the one before; null where there was none. */
  version: number;
  modelId: string;
  before: { version: number; modelId: string } | null;
  /** Whether it is deployed with this, because nothing was. */
  deployed: boolean;
}

/** Gives a trained model the next version number of a registered model. Its transaction holds the registered model. */
export async function addVersion(
  tx: Prisma.TransactionClient,
  registeredModelId: string,
  modelId: string,
): Promise<number> {
  await tx.$queryRaw`SELECT 1 FROM "RegisteredModel" WHERE "id" = ${registeredModelId}::uuid FOR UPDATE`;
  const { _max } = await tx.model.aggregate({ where: { registeredModelId }, _max: { version: true } });
  const version = (_max.version ?? 0) + 1;
  await tx.model.update({ where: { id: modelId }, data: { registeredModelId, version } });
  return version;
}

/**
 * Makes a version the champion: what is deployed, and the arms that follow it, answer with it from the services' next
 * look on. The first champion of a dataset that has no deployment is deployed.
 *
 * @param version the newest where it is not said
 * @throws DuetError `not-found` for a version that there is not; `conflict` where it is the champion, or has no index
 */
export async function promote(
  database: Database,
  registered: Pick<RegisteredModel, 'id' | 'name'>,
  { version, reason = '' }: { version?: number | undefined; reason?: string } = {},
  author: Author = {},
): Promise<Promoted> {
  const versions = await versionsOf(database, registered.id);
  const target = version === undefined ? versions[0] : versions.find((one) => one.version === version);
  if (target === undefined) {
    const there = versions.map((one) => one.version).join(', ');
    throw new DuetError(
      'not-found',
      version === undefined
        ? `"${registered.name}" has no version yet.`
        : `"${registered.name}" has no version ${version}.`,
      {
        where: { field: 'version' },
        fix: there === '' ? `Train one: npx duet refresh --model ${registered.name}.` : `It has ${there}.`,
      },
    );
  }
  return changeChampion(database, registered, target, { action: 'promote', reason }, author);
}

/**
 * Makes the champion before the one of now the champion again.
 *
 * @param version the one to go back to; the champion before where it is not said
 * @throws DuetError `conflict` where there was none before, or it is gone
 */
export async function rollback(
  database: Database,
  registered: Pick<RegisteredModel, 'id' | 'name'>,
  { version, reason = '' }: { version?: number | undefined; reason?: string } = {},
  author: Author = {},
): Promise<Promoted> {
  const versions = await versionsOf(database, registered.id);
  const before = version === undefined ? await championBefore(database, registered) : undefined;
  const target = versions.find((one) => (version === undefined ? one.id === before : one.version === version));
  if (target === undefined) {
    throw new DuetError('conflict', `"${registered.name}" has no earlier champion to go back to.`, {
      fix: `Name a version: ${versions.map((one) => one.version).join(', ') || 'there is none yet'}.`,
    });
  }
  return changeChampion(database, registered, target, { action: 'rollback', reason }, author);
}

/** A registered model's versions, the newest first. */
export const versionsOf = ({ prisma }: Database, registeredModelId: string): Promise<Model[]> =>
  prisma.model.findMany({ where: { registeredModelId, version: { not: null } }, orderBy: { version: 'desc' } });

/**
 * The id of the champion that the one of now came after, going back over roll-backs: after 1 → 2 → 3 and a roll-back to
 * 2, the one before is 1.
 */
export async function championBefore(
  { prisma }: Database,
  { id }: Pick<RegisteredModel, 'id'>,
): Promise<string | undefined> {
  const changes = await prisma.championChange.findMany({
    where: { registeredModelId: id },
    orderBy: [{ at: 'asc' }, { id: 'asc' }],
  });
  const line: string[] = [];
  for (const { toModelId } of changes) {
    if (toModelId === null) continue;
    const known = line.indexOf(toModelId);
    if (known >= 0) line.length = known;
    line.push(toModelId);
  }
  return line.at(-2);
}

async function changeChampion(
  { prisma }: Database,
  { id, name }: Pick<RegisteredModel, 'id' | 'name'>,
  to: Model,
  { action, reason }: { action: 'promote' | 'rollback'; reason: string },
  author: Author,
): Promise<Promoted> {
  return prisma.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "RegisteredModel" WHERE "id" = ${id}::uuid FOR UPDATE`;
    const { datasetId, champion } = await tx.registeredModel.findUniqueOrThrow({
      where: { id },
      include: { champion: true },
    });
    if (champion?.id === to.id) {
      throw new DuetError('conflict', `Version ${to.version} of "${name}" is the champion already.`);
    }
    const index = await tx.index.findFirst({ where: { modelId: to.id, active: true }, select: { id: true } });
    if (index === null) {
      throw new DuetError('conflict', `Version ${to.version} of "${name}" has no index to answer from.`, {
        fix: `Build one: npx duet index --model ${to.id}.`,
      });
    }
    await tx.registeredModel.update({ where: { id }, data: { championId: to.id } });
    const { heldBack, waits } = keysOfRefresh(id);
    await settle(tx, heldBack, waits);
    const actor = author.actor ?? 'duet';
    const at = author.now ?? new Date();
    await tx.championChange.create({
      data: { registeredModelId: id, fromModelId: champion?.id ?? null, toModelId: to.id, actor, reason, at },
    });
    await writeAudit(tx, author, {
      ...{ action, objectKind: 'registered-model', objectId: id, note: reason },
      before: { champion: champion?.version ?? null },
      after: { champion: to.version },
    });
    const deployed = (await tx.deployment.count({ where: { datasetId } })) === 0;
    if (deployed) {
      await tx.deployment.create({
        data: { datasetId, registeredModelId: id, changedBy: actor, changedAt: at },
      });
      await writeAudit(tx, author, {
        ...{ action: 'deploy', objectKind: 'dataset', objectId: datasetId },
        ...{ before: null, after: { everywhere: name }, note: 'The first champion of the dataset.' },
      });
    }
    return {
      ...{ registeredModelId: id, name, version: to.version!, modelId: to.id, deployed },
      before: champion === null ? null : { version: champion.version!, modelId: champion.id },
    };
  });
}
