import { callTRPCProcedure, getTRPCErrorFromUnknown, getTRPCErrorShape, TRPCError } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import type { Context } from './context.ts';
import type { Operation } from './operations.ts';
import { appRouter } from './router.ts';

/** An answer before it is written: every failure has `{ error: { message, code, data: { code, httpStatus, path? } } }`. */
export interface Reply {
  status: number;
  body: unknown;
  /** What failed, for the log. */
  error?: TRPCError;
}

export interface Call {
  operation: Operation;
  input: unknown;
  ctx: Context;
  /** Limit of the answer. */
  timeoutMs: number;
}

/**
 * Runs one procedure. It is tRPC's own call without its HTTP adapter, which makes a web `Request`, `Response` and streams of
 * each call.
 * @returns 200 with the answer itself, 504 once the time is up (the work goes on: see `settled`), else what the error maps to
 */
export async function answerCall({ operation, input, ctx, timeoutMs }: Call, settled: () => void): Promise<Reply> {
  const { name: path, procedure } = operation;
  const { type } = procedure._def;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `There was no answer within ${timeoutMs} ms. Try again.`;
      reject(new TRPCError({ code: 'GATEWAY_TIMEOUT', message }));
    }, timeoutMs);
  });
  try {
    const work = callTRPCProcedure({
      router: appRouter,
      path,
      type,
      ctx,
      getRawInput: async () => input,
      signal: undefined,
      batchIndex: 0,
    }).finally(settled);
    return { status: 200, body: await Promise.race([work, late]) };
  } catch (cause) {
    return failure(getTRPCErrorFromUnknown(cause), path);
  } finally {
    clearTimeout(timer);
  }
}

/** The one form of every error. */
export function failure(error: TRPCError, path?: string): Reply {
  const shape = getTRPCErrorShape({
    config: appRouter._def._config,
    error,
    type: 'unknown',
    path,
    input: undefined,
    ctx: undefined,
  });
  return { status: getHTTPStatusCodeFromError(error), body: { error: shape }, error };
}
