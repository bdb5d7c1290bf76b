import {
  answerBatch,
  answerCall,
  appRouter,
  authenticate,
  type Context,
  hasBody,
  healthFor,
  inputOfUrl,
  type Keyring,
  type Operation,
  openApiOf,
  operationsOf,
  referencePage,
  requireScope,
} from '@duet/api';
import { DuetError, type Logger } from '@duet/base';
import type { Serving } from '@duet/serving';
import { TRPCError } from '@trpc/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import packageJson from '../package.json' with { type: 'json' };
import { credentialsOf } from './admit.ts';
import { retrySeconds } from './door.ts';
import type { Metrics } from './metrics.ts';
import type { Pressure } from './pressure.ts';

/** A batch of 10,000 items of a kilobyte and a half each. */
const batchBodyLimit = 16 * 1024 * 1024;
const batchTimeoutMs = 60_000;

const isBatchWrite = ({ name }: Operation): boolean => name.endsWith('.write');

interface ProcedureParts {
  logger: Logger;
  pressure: Pressure;
  contextOf(request: FastifyRequest, reply: FastifyReply): Context;
  /** Limit of an answer. */
  timeoutMs: number;
}

/** Every procedure by tRPC under `/trpc` and as REST under `/v1`. */
export function addProcedures(app: FastifyInstance, parts: ProcedureParts): void {
  for (const operation of operationsOf(appRouter)) {
    const { name, rest, procedure } = operation;
    const options = { config: { procedure: name }, ...(isBatchWrite(operation) && { bodyLimit: batchBodyLimit }) };
    const url = `/trpc/${name}`;
    app.post(url, options, unlessBatch(parts, handlerOf(parts, operation, bodyOf, asTrpc)));
    if (procedure._def.type === 'query') {
      app.get(url, options, unlessBatch(parts, handlerOf(parts, operation, inputOfTrpcUrl, asTrpc)));
    }
    const inPath = rest.path.includes('{');
    const inputOf = !hasBody(rest.method) ? inputOfRestUrl(operation) : inPath ? bodyAndPath : bodyOf;
    const restUrl = rest.path.replace(/\{(\w+)\}/g, ':$1');
    app.route({ ...options, method: rest.method, url: restUrl, handler: handlerOf(parts, operation, inputOf, asIs) });
    if (rest.also !== undefined) {
      app.route({
        ...options,
        method: rest.also,
        url: restUrl,
        handler: handlerOf(parts, operation, bodyAndPath, asIs),
      });
    }
  }
  app.route({
    method: ['GET', 'POST'],
    url: '/trpc/*',
    config: { procedure: 'batch' },
    handler: (request, reply) => (isBatch(request) ? batchOf(parts, request, reply) : reply.callNotFound()),
  });
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

const isBatch = ({ url }: FastifyRequest): boolean => /[?&]batch=1(?:&|$)/.test(url);

/** A batch of one call has the path of that call. */
const unlessBatch =
  (parts: ProcedureParts, handler: Handler): Handler =>
  (request, reply) =>
    request.url.includes('?') && isBatch(request) ? batchOf(parts, request, reply) : handler(request, reply);

/** For the operator: what is a fault in Duet, and why what Duet needs (the database, a file) did not serve a call. */
function logFailure(
  logger: Logger,
  error: { code: string; cause?: unknown },
  of: { requestId: string; path: string | undefined },
): void {
  const err = error.cause ?? error;
  if (error.code === 'INTERNAL_SERVER_ERROR') logger.error({ err, ...of }, 'a call failed');
  else if (error.code === 'SERVICE_UNAVAILABLE' && error.cause)
    logger.warn({ err, ...of }, 'a call could not be served');
}

/** Answers what tRPC's batch links ask: each call is admitted by itself, and the batch is one request in work. */
async function batchOf(
  { logger, pressure, contextOf }: ProcedureParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { method, url, body } = request;
  const headers = { 'content-type': 'application/json' };
  const accept = request.headers['trpc-accept'];
  const done = pressure.begin();
  try {
    const answer = await answerBatch(
      { method, url, body, headers: { ...headers, ...(typeof accept === 'string' && { 'trpc-accept': accept }) } },
      () => contextOf(request, reply),
      ({ error, path }) => logFailure(logger, error, { requestId: request.id, path }),
    );
    return reply.send(answer);
  } finally {
    done();
  }
}

/** Calls a procedure and shapes its answer; every error has the same form whichever way it was called. */
function handlerOf(
  { logger, pressure, contextOf, timeoutMs }: ProcedureParts,
  operation: Operation,
  inputOf: (request: FastifyRequest) => unknown,
  shape: (body: unknown) => unknown,
) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const limit = isBatchWrite(operation) ? batchTimeoutMs : timeoutMs;
    const call = { operation, input: inputOf(request), ctx: contextOf(request, reply), timeoutMs: limit };
    const { status, body, error } = await answerCall(call, pressure.begin());
    if (error === undefined) {
      if (shape === asIs && operation.rest.refused?.(body as never)) reply.code(422);
      return shape(body);
    }
    logFailure(logger, error, { requestId: request.id, path: operation.name });
    if (status === 503) reply.header('retry-after', retrySeconds);
    return reply.code(status).send(body);
  };
}

const asIs = (data: unknown): unknown => data;
const asTrpc = (data: unknown): unknown => ({ result: { data } });
const bodyOf = ({ body }: FastifyRequest): unknown => body;
const bodyAndPath = ({ body, params }: FastifyRequest): unknown => ({ ...(body as object), ...(params as object) });
const inputOfRestUrl = (operation: Operation) => (request: FastifyRequest) =>
  inputOfUrl(operation, request.params as Record<string, string>, request.query as Record<string, string>);

/** The input of a query by GET, as tRPC writes it: `?input=<JSON>`. */
function inputOfTrpcUrl({ query }: FastifyRequest): unknown {
  const { input } = query as { input?: string };
  if (input === undefined) return undefined;
  try {
    return JSON.parse(input);
  } catch {
    throw new TRPCError({ code: 'PARSE_ERROR', message: 'The query parameter "input" is not JSON.' });
  }
}

interface PageParts {
  serving: Serving;
  metrics: Metrics;
  keyring: Keyring;
  isDraining(): boolean;
  publicUrl: string | undefined;
}

/** What describes the service, and what whoever watches it asks for. */
export function addPages(app: FastifyInstance, { serving, metrics, keyring, isDraining, publicUrl }: PageParts): void {
  const document = openApiOf(appRouter, packageJson.version, publicUrl);
  const page = referencePage(document);
  app.get('/', () => ({
    service: 'Duet retrieval',
    procedures: '/trpc',
    rest: '/v1',
    reference: '/reference',
    openapi: '/openapi.json',
    health: '/health',
    ready: '/ready',
    metrics: '/metrics',
  }));
  app.get('/openapi.json', () => document);
  app.get('/reference', (_request, reply) =>
    reply
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
      .type('text/html; charset=utf-8')
      .send(page),
  );
  app.get('/health', async (request) => {
    const caller = await authenticate(credentialsOf(request), keyring).catch(() => undefined);
    return { ...healthFor(serving.health(), caller), draining: isDraining() };
  });
  app.get('/ready', async (_request, reply) => {
    const ready = !isDraining() && serving.health().status !== 'starting';
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  app.get('/metrics', async (request, reply) => {
    const caller = await authenticate(credentialsOf(request), keyring).catch((cause) => {
      throw cause instanceof DuetError && cause.code === 'unauthorised'
        ? new TRPCError({ code: 'UNAUTHORIZED', message: cause.message, cause })
        : cause;
    });
    if (caller === undefined) {
      const message = 'This needs an API key with the scope "metrics". Make one: npx duet keys create --scope metrics.';
      throw new TRPCError({ code: 'UNAUTHORIZED', message });
    }
    requireScope(caller, 'metrics');
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The procedure that a route calls. */
    procedure?: string;
  }
}
