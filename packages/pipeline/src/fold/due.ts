import { DuetError } from '@duet/base';
import type { Database, Dataset } from '@duet/db';
import { raise, settle } from '../alerts/alerts.ts';
import { type FoldContext, type Folded, foldEvents, isFoldable, ofDataset } from './fold.ts';

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

/** As {@link foldEvents}, where nobody waits for the answer: that it failed is told of, until one is made. */
export async function foldAndTell(ctx: FoldContext, datasetId: string): Promise<Folded> {
  const { db, signal } = ctx;
  const key = `fold ${datasetId} failed`;
  try {
    const folded = await foldEvents(ctx, datasetId);
    await settle(db.prisma, key);
    return folded;
  } catch (error) {
    // One that another change of the dataset is in the way of is due again in a minute.
    if (!signal?.aborted && !(error instanceof DuetError && error.code === 'conflict')) {
      const sentence = `Events could not be made data: ${(error as Error).message}`;
      await raise(db, { datasetId, kind: 'fold-failed', key, sentence });
    }
    throw error;
  }
}
