import type { Database, DatasetPart } from '@duet/db';

/** What a compaction's row says of itself. */
export interface CompactionOrigin {
  /** Ids of the parts that it has in it. */
  replaces: string[];
  /** When it was made, ISO 8601: its row's own time is that of the last part in it, so that the order stays. */
  at: string;
}

export const compactionOf = ({
  source,
  origin,
}: Pick<DatasetPart, 'source' | 'origin'>): CompactionOrigin | undefined =>
  source === 'compaction' ? (origin as unknown as CompactionOrigin) : undefined;

/** A dataset's parts in the order in which they came, but for those that a compaction has in it. */
export async function partsOf({ prisma }: Database, datasetId: string): Promise<DatasetPart[]> {
  const all = await prisma.datasetPart.findMany({
    where: { datasetId },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  const replaced = new Set(all.flatMap((part) => compactionOf(part)?.replaces ?? []));
  return all.filter(({ id }) => !replaced.has(id));
}
