import { DuetError, type ErrorCode } from '@duet/base';
import { type ApiScope, databaseFault } from '@duet/db';
import { initTRPC, TRPCError } from '@trpc/server';
import { z } from 'zod';
import { type Caller, type Context, inNamedDataset } from './context.ts';

const codes = {
  'bad-input': 'BAD_REQUEST',
  'not-found': 'NOT_FOUND',
  conflict: 'CONFLICT',
  unauthorised: 'UNAUTHORIZED',
  unavailable: 'SERVICE_UNAVAILABLE',
  // Until it is mended; no request is to blame, and Duet's own fault it is not either.
  corrupt: 'SERVICE_UNAVAILABLE',
  internal: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ErrorCode, TRPCError['code']>;

const unforeseen = 'Something went wrong inside Duet. Its log says what.';

/** Of what is wrong with an input this much is told. */
const mostIssues = 10;
const mostCharacters = 2_000;

function sentencesOf({ issues }: z.ZodError): string {
  const text = z.prettifyError(new z.ZodError(issues.slice(0, mostIssues)));
  const further = issues.length > mostIssues ? `\nAnd ${issues.length - mostIssues} more.` : '';
  return `${text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text}${further}`;
}

/** How a procedure is called as REST. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Beside `/trpc`: such as `/v1/items/{itemId}`. What stands in braces is a field of the input. */
  path: `/v1/${string}`;
  /** One line of the reference. */
  summary: string;
  /** Whether an answer says that all of a batch was refused: as REST it is then no success, but 422. */
  refused?: (answer: never) => boolean;
  /** A second way to the same, by another method on the same path: for generators that write no JSON into a URL. */
  also?: 'POST';
}

/** What a procedure says of itself, for REST and the OpenAPI document. */
export interface Meta {
  /** One of which its caller's key needs; none where everybody may call. */
  scopes?: readonly ApiScope[];
  /** Whether a publishable key will do, for what concerns the visitor who calls. */
  publishable?: boolean;
  rest?: Route;
}

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    isDev: false,
    errorFormatter({ shape, error }) {
      if (error.cause instanceof z.ZodError) return { ...shape, message: sentencesOf(error.cause) };
      // Its sentence may hold a path, a query or a secret: the log has it.
      const isDamaged = error.cause instanceof DuetError && error.cause.code === 'corrupt';
      if (isDamaged) return { ...shape, message: 'A file of this model is damaged: `health` says which.' };
      return error.code === 'INTERNAL_SERVER_ERROR' ? { ...shape, message: unforeseen } : shape;
    },
  });

export const { router, createCallerFactory } = t;

/** @throws TRPCError of Duet's own errors' codes, and of a database that is away */
function mapErrors<Result extends { ok: true } | { ok: false; error: TRPCError }>(result: Result): Result {
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
export const publicProcedure = t.procedure.use(async ({ next }) => mapErrors(await next()));

/**
 * A procedure's output as its schema says, checked by the compiler and not at each answer, which is work for nothing. A
 * test holds every answer to its schema.
 */
export const answers = <Schema extends z.ZodType>(schema: Schema) =>
  Object.assign((answer: unknown) => answer as z.output<Schema>, { schema });

const quoted = (scopes: readonly ApiScope[]): string => scopes.map((scope) => `"${scope}"`).join(' or ');

/** @throws TRPCError FORBIDDEN for a key that has none of the scopes; `admin` has all but `simulate` */
export function requireScope({ name, scopes }: Caller, ...required: readonly ApiScope[]): void {
  if (scopes.includes('admin') || required.some((scope) => scopes.includes(scope))) return;
  const message = `The API key "${name}" has the scope ${scopes.join(', ')}, and this needs ${quoted(required)}.`;
  throw new TRPCError({ code: 'FORBIDDEN', message });
}

/**
 * The user that a request is for: whom it names, or the visitor, where a publishable key asks, which may name nobody
 * else.
 *
 * @throws TRPCError FORBIDDEN
 */
export function userOf({ kind, visitorId }: Caller, userId: string | undefined): string | undefined {
  if (kind === 'secret' || userId === undefined) return userId ?? visitorId;
  if (userId === visitorId) return userId;
  const message = 'A publishable key asks for the visitor alone whose signed id the request carries (x-duet-visitor).';
  throw new TRPCError({ code: 'FORBIDDEN', message });
}

interface Access {
  /** Whether a publishable key will do. False where it is not said. */
  publishable?: boolean;
}

function asCaller(known: Caller, { serving }: Pick<Context, 'serving'>): Caller {
  try {
    return inNamedDataset(known, serving.plan);
  } catch (cause) {
    throw asTrpcError(cause) ?? cause;
  }
}

/** For callers whose key has one of the scopes. One step does it all: tRPC copies the call's options twice for each. */
export const scoped = (scopes: readonly ApiScope[], { publishable = false }: Access = {}) =>
  t.procedure.meta({ scopes, publishable }).use(async ({ ctx, next }) => {
    const known = await ctx.authenticate().catch((cause) => {
      throw asTrpcError(cause) ?? cause;
    });
    if (known === undefined) {
      const message = `This needs an API key with the scope ${quoted(scopes)}. Send it as "Authorization: Bearer sk_…".`;
      throw new TRPCError({ code: 'UNAUTHORIZED', message });
    }
    const caller = asCaller(known, ctx);
    if (caller.kind === 'publishable' && !publishable) {
      const message = `The API key "${caller.name}" is publishable, and this needs a secret one, which a server keeps.`;
      throw new TRPCError({ code: 'FORBIDDEN', message });
    }
    requireScope(caller, ...scopes);
    return mapErrors(await next({ ctx: { caller } }));
  });
