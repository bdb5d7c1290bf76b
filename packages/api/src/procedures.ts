import { DuetError, type ErrorCode } from '@duet/base';
import { type ApiScope, databaseFault } from '@duet/db';
import { initTRPC, TRPCError } from '@trpc/server';
import { z } from 'zod';
import type { Caller, Context } from './context.ts';

const codes = {
  'bad-input': 'BAD_REQUEST',
  'not-found': 'NOT_FOUND',
  conflict: 'CONFLICT',
  unauthorised: 'UNAUTHORIZED',
  unavailable: 'SERVICE_UNAVAILABLE',
  corrupt: 'INTERNAL_SERVER_ERROR',
  internal: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ErrorCode, TRPCError['code']>;

const unforeseen = 'Something went wrong inside Duet. Its log says what.';

/** How a procedure is called as REST. */
export interface Route {
  method: 'GET' | 'POST';
  /** Beside `/trpc`: such as `/v1/items/{itemId}`. What stands in braces is a field of the input. */
  path: `/v1/${string}`;
  /** One line of the reference. */
  summary: string;
}

/** What a procedure says of itself, for REST and the OpenAPI document. */
export interface Meta {
  /** What its caller's key needs; none where everybody may call. */
  scope?: ApiScope;
  rest?: Route;
}

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    isDev: false,
    errorFormatter({ shape, error }) {
      if (error.cause instanceof z.ZodError) return { ...shape, message: z.prettifyError(error.cause) };
      if (error.code !== 'INTERNAL_SERVER_ERROR') return shape;
      // Its sentence may hold a path, a query or a secret: the log has it.
      const damaged = error.cause instanceof DuetError && error.cause.code === 'corrupt';
      return { ...shape, message: damaged ? 'A file of this model is damaged: `health` says which.' : unforeseen };
    },
  });

export const { router, createCallerFactory } = t;

/** @throws TRPCError of Duet's own errors' codes, and of a database that is away */
function told<Result extends { ok: true } | { ok: false; error: TRPCError }>(result: Result): Result {
  if (!result.ok) throw asTrpcError(result.error.cause) ?? result.error;
  return result;
}

function asTrpcError(cause: unknown): TRPCError | undefined {
  if (cause instanceof DuetError) return new TRPCError({ code: codes[cause.code], message: cause.message, cause });
  // How to mend it is the operator's concern, and in the log.
  const fault = databaseFault(cause);
  return fault && new TRPCError({ code: 'SERVICE_UNAVAILABLE', message: `${fault.what} Try again.`, cause });
}

/** For what everybody may call. There is little of it: everything else starts from `scoped`. */
export const publicProcedure = t.procedure.use(async ({ next }) => told(await next()));

/**
 * A procedure's output as its schema says, checked by the compiler and not at each answer, which is work for nothing. A test holds
 * every answer to its schema.
 */
export const answers = <Schema extends z.ZodType>(schema: Schema) =>
  Object.assign((answer: unknown) => answer as z.output<Schema>, { schema });

/** @throws TRPCError FORBIDDEN for a key that lacks the scope; `admin` has all scopes */
export function requireScope({ name, scopes }: Caller, scope: ApiScope): void {
  if (scopes.includes(scope) || scopes.includes('admin')) return;
  const message = `The API key "${name}" has the scope ${scopes.join(', ')}, and this needs "${scope}".`;
  throw new TRPCError({ code: 'FORBIDDEN', message });
}

/** For callers whose key has the scope. One step does it all: tRPC copies the call's options twice for each. */
export const scoped = (scope: ApiScope) =>
  t.procedure.meta({ scope }).use(async ({ ctx, next }) => {
    const caller = await ctx.authenticate().catch((cause) => {
      throw asTrpcError(cause) ?? cause;
    });
    if (caller === undefined) {
      const message = `This needs an API key with the scope "${scope}". Send it as "Authorization: Bearer duet_…".`;
      throw new TRPCError({ code: 'UNAUTHORIZED', message });
    }
    requireScope(caller, scope);
    return told(await next({ ctx: { caller } }));
  });
