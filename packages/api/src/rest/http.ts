import { getTRPCErrorFromUnknown, getTRPCErrorShape, TRPCError } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import type { Context } from '../context.ts';
import { appRouter } from '../router.ts';
import type { Operation } from './operations.ts';

/**
 * An answer before it is written: every failure has `{ error: { message, code, data: { code, httpStatus, path? } } }`.
 */
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

type Result = { ok: true; data: unknown } | { ok: false; error: TRPCError };

/** What a step of a procedure is called with. */
interface Step {
  ctx: object;
  input: unknown;
  getRawInput: () => Promise<unknown>;
  type: string;
  path: string;
  signal: undefined;
  batchIndex: number;
}

/** Steps of a procedure, the last of which is the procedure itself: what `.use`, `.input` and `.output` made. */
interface Steps {
  meta: unknown;
  middlewares: ((
    step: Step & { meta: unknown; next: (changed?: Partial<Step>) => Promise<Result> },
  ) => Promise<Result>)[];
}

/** As tRPC calls them, but for its copies of the options, compiled for old engines: they took a tenth of a request. */
async function runSteps(def: Steps, at: number, step: Step): Promise<Result> {
  const next = (changed?: Partial<Step>) =>
    runSteps(def, at + 1, {
      ...step,
      ...changed,
      ...(changed?.ctx !== undefined && { ctx: { ...step.ctx, ...changed.ctx } }),
    });
  try {
    return await def.middlewares[at]!({ ...step, meta: def.meta, next });
  } catch (cause) {
    return { ok: false, error: getTRPCErrorFromUnknown(cause) };
  }
}

/**
 * No input, and no object in one, has as many fields: looking at each of a hundred thousand would hold everybody up.
 */
const mostFields = 1_000;

const isTooWide = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > mostFields;

/** @throws TRPCError BAD_REQUEST */
function checkWidth(input: unknown): void {
  if (!isTooWide(input) && !Object.values(input ?? {}).some(isTooWide)) return;
  throw new TRPCError({ code: 'BAD_REQUEST', message: `The input has more than ${mostFields} fields.` });
}

/**
 * Runs one procedure. It is tRPC's own call without its HTTP adapter, which makes a web `Request`, `Response` and
 * streams of each call.
 * @returns 200 with the answer itself, 504 once the time is up (the work goes on: see `settled`), else what the error
 *   maps to
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
    const step = {
      ctx,
      input: undefined,
      getRawInput: async () => input,
      type,
      path,
      signal: undefined,
      batchIndex: 0,
    };
    const run = async () => {
      checkWidth(input);
      return runSteps(procedure._def as unknown as Steps, 0, step);
    };
    const work = run().finally(settled);
    const result = await Promise.race([work, late]);
    return result.ok ? { status: 200, body: result.data } : failure(result.error, path);
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
