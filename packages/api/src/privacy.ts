import type { Erasure } from '@duet/db';
import { exportCustomer, queueErasure, remaining } from '@duet/experiments';
import { TRPCError } from '@trpc/server';
import type { Caller, Context } from './context.ts';
import type { UsersErasureInput, UsersExportAnswer, UsersExportInput, UsersForgetAnswer } from './schemas/privacy.ts';
import { writtenDataset } from './write.ts';

type PrivacyContext = Pick<Context, 'db' | 'keyring' | 'serving'> & { caller: Caller };

const authorOf = ({ caller }: PrivacyContext) => ({ actor: `key:${caller.name}` });

/** All that is kept of a customer. */
export async function customerOf(ctx: PrivacyContext, { userId }: UsersExportInput): Promise<UsersExportAnswer> {
  const { db, serving } = ctx;
  const person = { datasetId: await writtenDataset(ctx), userId };
  return exportCustomer({ db, dataDir: serving.dataDir }, person, authorOf(ctx));
}

/** Has the worker forget a customer. */
export async function forget(ctx: PrivacyContext, { userId }: UsersExportInput): Promise<UsersForgetAnswer> {
  const person = { datasetId: await writtenDataset(ctx), userId };
  return answerOf(await queueErasure(ctx.db, person, authorOf(ctx)));
}

/** How far an erasure is, and its proof. @throws TRPCError NOT_FOUND */
export async function erasureOf(ctx: PrivacyContext, { erasureId }: UsersErasureInput): Promise<UsersForgetAnswer> {
  const erasure = await ctx.db.prisma.erasure.findFirst({
    where: { id: erasureId, datasetId: await writtenDataset(ctx) },
  });
  if (erasure === null) throw new TRPCError({ code: 'NOT_FOUND', message: `There is no erasure ${erasureId}.` });
  return answerOf(erasure);
}

const answerOf = (erasure: Erasure): UsersForgetAnswer => ({
  erasureId: erasure.id,
  fingerprint: erasure.fingerprint,
  status: erasure.status,
  error: erasure.error,
  removed: erasure.removed as Record<string, number>,
  left: erasure.left as Record<string, number>,
  remaining: remaining.parse(erasure.remaining),
  createdAt: erasure.createdAt.toISOString(),
  finishedAt: erasure.finishedAt?.toISOString() ?? null,
});
