import { DuetError } from '@duet/base';
import { type Catalogue, type Interactions, splitDataset } from '@duet/datasets';
import type { Database } from '@duet/db';

/** A dataset in two parts: what the arms' models learnt from, and what they have never seen. */
export interface HeldOut {
  split: string;
  interactions: Interactions;
  catalogue: Catalogue;
  /** Each user's distinct items among the rows that the arms learnt from, by user row. */
  learnt: Int32Array[];
  /** The same among all other rows. */
  unseen: Int32Array[];
}

/** Parts the interactions as the split does: every row that is not in its training part is one that no arm has seen. */
export function holdOut(interactions: Interactions, catalogue: Catalogue, split: string): HeldOut {
  const isLearnt = new Uint8Array(interactions.user.length);
  for (const row of splitDataset(interactions, split).train) isLearnt[row] = 1;
  const lists = (part: number): Int32Array[] => {
    const sets = interactions.users.map(() => new Set<number>());
    interactions.user.forEach((user, row) => {
      if (isLearnt[row] === part) sets[user]!.add(interactions.item[row]!);
    });
    return sets.map((set) => Int32Array.from(set));
  };
  return { split, interactions, catalogue, learnt: lists(1), unseen: lists(0) };
}

/**
 * The split whose held-out part none of these models has seen, and the snapshot of the dataset that it is a part of.
 *
 * @throws DuetError `conflict` where a model learnt from everything, from another split, or from other data: shoppers
 * whose tastes are made of purchases that an arm knows by heart would prefer that arm
 */
export async function unseenSplit(
  { prisma }: Database,
  dataset: { id: string; name: string; fingerprint: string },
  modelIds: readonly string[],
): Promise<{ split: string; snapshotId: string | undefined }> {
  const models = await prisma.model.findMany({ where: { id: { in: [...modelIds] } } });
  const splits = new Set<string>();
  const snapshots = new Set<string | null>();
  for (const { name, datasetId, fingerprint, snapshotId, parameters } of models) {
    const { split = 'none' } = parameters as { split?: string };
    const refuse = (why: string) =>
      new DuetError('conflict', `Model ${name} ${why}.`, {
        fix: `The shoppers' tastes come from purchases that no arm has seen. Train it with --dataset ${dataset.name} --split time:0.8.`,
      });
    const isNewest = fingerprint === dataset.fingerprint;
    if (datasetId !== dataset.id || (snapshotId === null && !isNewest)) throw refuse('was trained on other data');
    if (split === 'none') throw refuse('learnt from every purchase there is');
    splits.add(split);
    snapshots.add(snapshotId);
  }
  if (snapshots.size > 1) {
    throw new DuetError('conflict', 'The arms’ models were trained on different snapshots of the dataset.', {
      fix: 'Train or refresh them on the same one: the later one has seen what the other one is judged by.',
    });
  }
  if (splits.size === 1) return { split: [...splits][0]!, snapshotId: [...snapshots][0] ?? undefined };
  throw new DuetError('conflict', `The arms' models were trained on different splits: ${[...splits].join(', ')}.`, {
    fix: 'Train them on the same one: each has seen what the other one is judged by.',
  });
}
