import { DuetError, type ErrorCode } from '@duet/config';
import type { ApiScope } from '@duet/db';
import { initTRPC, TRPCError } from '@trpc/server';
import { z } from 'zod';
import type { Context } from './context.ts';

const codes = {
  'bad-input': 'BAD_REQUEST',
  'not-found': 'NOT_FOUND',
  conflict: 'CONFLICT',
  unauthorised: 'UNAUTHORIZED',
  unavailable: 'SERVICE_UNAVAILABLE',
  corrupt: 'INTERNAL_SERVER_ERROR',
  internal: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ErrorCode, TRPCError['code']>;

/** A DuetError as tRPC answers it; whatever else was thrown, unchanged. */
export const asTrpcError = (error: unknown): unknown =>
  error instanceof DuetError ? new TRPCError({ code: codes[error.code], message: error.message, cause: error }) : error;

const t = initTRPC.context<Context>().create({
  isDev: false,
  errorFormatter({ shape, error }) {
    if (error.cause instanceof z.ZodError) return { ...shape, message: z.prettifyError(error.cause) };
    // The sentence of an error that nobody foresaw may hold a path, a query or a secret: the log has it.
    const foreseen = error.code !== 'INTERNAL_SERVER_ERROR' || error.cause instanceof DuetError;
    return foreseen ? shape : { ...shape, message: 'Something went wrong inside Duet. Its log says what.' };
  },
});

export const { router, createCallerFactory } = t;

const duetErrors = t.middleware(async ({ next }) => {
  const result = await next();
  if (!result.ok && result.error.cause instanceof DuetError) throw asTrpcError(result.error.cause);
  return result;
});

/** For what everybody may call. There is little of it: everything else starts from `scoped`. */
export const publicProcedure = t.procedure.use(duetErrors);

/** @throws TRPCError UNAUTHORIZED without a key, FORBIDDEN with one that lacks the scope; `admin` has all scopes */
export function requireScope({ caller }: Context, scope: ApiScope): void {
  if (caller === undefined) {
    throw new TRPCError({
      code: 'UNAUTHORIZED',
      message: `This needs an API key with the scope "${scope}". Send it as "Authorization: Bearer duet_…".`,
    });
  }
  if (caller.scopes.includes(scope) || caller.scopes.includes('admin')) return;
  throw new TRPCError({
    code: 'FORBIDDEN',
    message: `The API key "${caller.name}" has the scope ${caller.scopes.join(', ')}, and this needs "${scope}".`,
  });
}

/** For callers whose key has the scope. */
export const scoped = (scope: ApiScope) =>
  publicProcedure.use(({ ctx, next }) => {
    requireScope(ctx, scope);
    return next();
  });
