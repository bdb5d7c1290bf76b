import type { Database } from '@duet/db';
import type { Report } from './shape.ts';

/** An arm as its phase has it. */
interface FollowingArm {
  id: string;
  modelId: string | null;
  registeredModelId: string | null;
}

/** What arms that follow a registered model served in a phase. */
export interface Followed {
  /** Arm → the model that it served last. */
  modelOf: Map<string, string>;
  /** Arm → the name of what it follows. */
  nameOf: Map<string, string>;
  /** Within the phase, in their order. */
  changes: Report['championChanges'];
}

/**
 * The changes of the champions that arms follow, of one phase.
 *
 * @param to null while it runs
 */
export async function followedBy(
  { prisma }: Database,
  arms: readonly FollowingArm[],
  { from, to }: { from: Date | null; to: Date | null },
): Promise<Followed> {
  const ids = arms.flatMap(({ registeredModelId }) => registeredModelId ?? []);
  const followed: Followed = { modelOf: new Map(), nameOf: new Map(), changes: [] };
  if (ids.length === 0) return followed;
  const [registered, changes] = await Promise.all([
    prisma.registeredModel.findMany({ where: { id: { in: ids } }, select: { id: true, name: true, championId: true } }),
    prisma.championChange.findMany({
      where: { registeredModelId: { in: ids }, ...(to && { at: { lte: to } }) },
      orderBy: [{ at: 'asc' }, { id: 'asc' }],
    }),
  ]);
  const versions = new Map(
    (
      await prisma.model.findMany({
        where: {
          id: { in: changes.flatMap(({ fromModelId, toModelId }) => [fromModelId ?? [], toModelId ?? []].flat()) },
        },
        select: { id: true, version: true },
      })
    ).map(({ id, version }) => [id, version]),
  );
  const versionOf = (id: string | null) => (id === null ? null : (versions.get(id) ?? null));
  for (const arm of arms) {
    const armChanges = changes.filter(({ registeredModelId }) => registeredModelId === arm.registeredModelId);
    const model = registered.find(({ id }) => id === arm.registeredModelId);
    if (model === undefined) continue;
    followed.nameOf.set(arm.id, model.name);
    const served = armChanges.at(-1)?.toModelId ?? model.championId;
    if (served !== null) followed.modelOf.set(arm.id, served);
    if (from === null) continue;
    for (const { at, actor, reason, fromModelId, toModelId } of armChanges.filter((change) => change.at > from)) {
      followed.changes.push({
        ...{ armId: arm.id, at: at.toISOString(), day: at.toISOString().slice(0, 10) },
        ...{ before: versionOf(fromModelId), version: versionOf(toModelId), actor, reason },
      });
    }
  }
  followed.changes.sort((a, b) => a.at.localeCompare(b.at));
  return followed;
}
