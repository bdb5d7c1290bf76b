import type { Database, Dataset } from '@duet/db';
import { isFoldable, ofDataset } from './fold.ts';

const dayMs = 86_400_000;

/** The datasets whose events were folded longer than a day ago, and that have some since. */
export async function dueFolds({ prisma, pool }: Database, now: Date): Promise<Dataset[]> {
  const datasets = await prisma.dataset.findMany({
    where: { status: 'done' },
    include: { fold: { select: { through: true } } },
    orderBy: { id: 'asc' },
  });
  const due: Dataset[] = [];
  for (const { fold, ...dataset } of datasets) {
    if (!isFoldable(dataset)) continue;
    if (fold !== null && now.getTime() - fold.through.getTime() < dayMs) continue;
    const { rowCount } = await pool.query(
      `(SELECT FROM "Event" e WHERE e."receivedAt" > $2 AND NOT e.simulated AND ${ofDataset} LIMIT 1)
       UNION ALL (SELECT FROM "PendingInteraction" WHERE "datasetId" = $1 LIMIT 1)`,
      [dataset.id, fold?.through ?? new Date(0)],
    );
    if ((rowCount ?? 0) > 0) due.push(dataset);
  }
  return due;
}
