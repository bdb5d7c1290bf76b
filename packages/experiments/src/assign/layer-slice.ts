import { DuetError } from '@duet/base';
import type { Prisma } from '@duet/db';
import { buckets } from './assign-user.ts';

interface Slice {
  layerFrom: number;
  layerTo: number;
}

const percent = (share: number) => `${Number((100 * share).toFixed(2))} %`;

/** The first free stretch of that many buckets beside the slices that are held, or undefined. */
export function freeSlice(held: readonly Slice[], size: number): Slice | undefined {
  let from = 0;
  for (const { layerFrom, layerTo } of [...held].sort((a, b) => a.layerFrom - b.layerFrom)) {
    if (layerFrom - from >= size) break;
    from = Math.max(from, layerTo);
  }
  return from + size <= buckets ? { layerFrom: from, layerTo: from + size } : undefined;
}

/**
 * Finds an experiment its slice of a layer, beside those of the layer's running experiments, and holds the layer until
 * the transaction ends, so that two that start together get different users.
 *
 * @throws DuetError `conflict` where the layer has not that much left in one piece
 */
export async function takeSlice(
  tx: Prisma.TransactionClient,
  { id, datasetId, simulated, layer }: { id: string; datasetId: string; simulated: boolean; layer: string },
  layerShare: number,
): Promise<Slice> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`layer ${datasetId} ${layer}`}, 0))::text`;
  const others = await tx.experiment.findMany({
    where: { datasetId, simulated, layer, status: 'running', id: { not: id } },
    select: { name: true, layerFrom: true, layerTo: true },
  });
  const held = others.map(({ layerFrom, layerTo }) => ({ layerFrom: layerFrom!, layerTo: layerTo! }));
  const slice = freeSlice(held, Math.max(1, Math.round(layerShare * buckets)));
  if (slice !== undefined) return slice;
  const names = others.map((one) => `"${one.name}" ${percent((one.layerTo! - one.layerFrom!) / buckets)}`).join(', ');
  throw new DuetError(
    'conflict',
    `Layer "${layer}" has no ${percent(layerShare)} of its users left: ${names} hold them.`,
    {
      where: { field: 'settings.layerShare' },
      fix: 'Ask for a smaller share, stop one of them, or use another layer.',
    },
  );
}
