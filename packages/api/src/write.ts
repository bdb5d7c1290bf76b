import { type RowResult, writeInteractionBatch, writeItemBatch, writeUserBatch } from '@duet/datasets';
import { TRPCError } from '@trpc/server';
import type { Caller, Context } from './context.ts';

type WriteContext = Pick<Context, 'db' | 'keyring'> & { caller: Caller };

/** What became of a batch: `results` are of the rows, in their order. */
export interface Written {
  results: RowResult[];
}

/**
 * The dataset that a key writes to: its own, or the only one.
 *
 * @throws TRPCError BAD_REQUEST where a key of every dataset could mean several
 */
export async function writtenDataset({ db, caller }: WriteContext): Promise<string> {
  if (caller.datasetId !== null) return caller.datasetId;
  const datasets = await db.prisma.dataset.findMany({ where: { status: 'done' }, select: { id: true }, take: 2 });
  if (datasets.length === 1) return datasets[0]!.id;
  const message =
    'This API key is of every dataset. Write with one that belongs to a dataset: npx duet keys create --dataset.';
  throw new TRPCError({ code: 'BAD_REQUEST', message });
}

/** Each write is of one dataset, and waits for its commit. */
const writing =
  <Rows>(write: (ctx: WriteContext, datasetId: string, rows: Rows) => Promise<RowResult[]>) =>
  async (ctx: WriteContext, rows: Rows): Promise<Written> => {
    const datasetId = await writtenDataset(ctx);
    return { results: await ctx.keyring.whileAnswering(() => write(ctx, datasetId, rows)) };
  };

export const writeItemsOf = writing<readonly unknown[]>(({ db, caller }, datasetId, rows) =>
  writeItemBatch(db, datasetId, rows, { actor: `key:${caller.name}` }),
);
export const writeUsersOf = writing<readonly unknown[]>(({ db }, datasetId, rows) =>
  writeUserBatch(db, datasetId, rows),
);
export const writeInteractionsOf = writing<readonly unknown[]>(({ db }, datasetId, rows) =>
  writeInteractionBatch(db, datasetId, rows),
);

/** One item's write. @throws TRPCError BAD_REQUEST, or NOT_FOUND for an item that there is not */
export async function writeItemOf(ctx: WriteContext, row: { op: 'put' | 'patch' | 'delete' } & object) {
  const [written] = (await writeItemsOf(ctx, [row])).results;
  const { id, result, reason = '' } = written!;
  if (result !== 'rejected') return { itemId: id!, result: result as 'added' | 'updated' | 'unchanged' };
  const code = reason.includes('there is no item') ? 'NOT_FOUND' : 'BAD_REQUEST';
  throw new TRPCError({ code, message: `${reason}.` });
}
