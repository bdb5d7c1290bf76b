import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import {
  answerCall,
  appRouter,
  authenticate,
  type Caller,
  type Context,
  createKeyCheck,
  createRateLimiter,
  inputOfUrl,
  type Operation,
  openApiOf,
  operationsOf,
  referencePage,
  requireScope,
} from '@duet/api';
import { type Config, DuetError, type Logger } from '@duet/base';
import type { Database } from '@duet/db';
import { openEventSink, openLatencyLog } from '@duet/experiments';
import type { Serving } from '@duet/serving';
import cors from '@fastify/cors';
import { TRPCError } from '@trpc/server';
import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import packageJson from '../package.json' with { type: 'json' };
import { answerUnreadable, failureOf } from './failures.ts';
import { createMetrics } from './metrics.ts';
import { watchPressure } from './pressure.ts';

/** A batch of 1,000 events takes about 400 KB. */
const bodyLimit = 1024 * 1024;
/** Limit for a request to arrive whole, headers and body. */
const arrivalMs = 10_000;
/** Seconds after which one that was refused for load may come back. */
const retrySeconds = 1;

export interface ServerParts {
  config: Pick<
    Config,
    | 'host'
    | 'retrievalPort'
    | 'corsOrigins'
    | 'rateLimit'
    | 'rateBurst'
    | 'maxInFlight'
    | 'requestTimeoutMs'
    | 'drainMs'
  >;
  logger: Logger;
  db: Database;
  serving: Serving;
}

export interface RetrievalServer extends AsyncDisposable {
  app: FastifyInstance;
  /** @returns its address. @throws DuetError `conflict` where the port is taken */
  listen(): Promise<string>;
  /**
   * Says that it leaves (`/ready` 503, each answer with `connection: close`) while it still answers, for `config.drainMs`; then
   * takes no further connection, answers what is under way, and ends. Disposing does the same.
   */
  drain(): Promise<void>;
}

/**
 * The retrieval service: every procedure by tRPC under `/trpc` and as REST under `/v1`, which `/openapi.json` and `/reference`
 * describe; for whoever watches it `/health` (what is served; always 200), `/ready` (503 until there is something to serve, and
 * again while it drains) and `/metrics` (for a key with the scope metrics).
 */
export async function createServer({ config, logger, db, serving }: ServerParts): Promise<RetrievalServer> {
  let draining: Promise<void> | undefined;
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // Its own request lines hold URLs; the one below holds no more than the path.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout: arrivalMs,
    http: { connectionsCheckingInterval: 1_000 },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    routerOptions: { maxParamLength: 1_000 },
  });
  const pressure = watchPressure(config.maxInFlight);
  const metrics = createMetrics(serving, pressure);
  const check = createKeyCheck(db);
  const take = createRateLimiter();
  const latency = openLatencyLog(db, { onError: (err) => logger.warn({ err }, 'latencies could not be kept') });
  const events = openEventSink(db);
  const operations = operationsOf(appRouter);
  const document = openApiOf(appRouter, packageJson.version);

  // Hooks that call back: each that returned a promise would cost a request some microseconds.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    const why = request.routeOptions.config.procedure === undefined ? undefined : pressure.refusal();
    if (why === undefined) return done();
    metrics.refused(why);
    reply.header('retry-after', retrySeconds);
    const error = new TRPCError({
      code: 'SERVICE_UNAVAILABLE',
      message: 'The service is busy. Try again in a second.',
    });
    done(error as Error as FastifyError);
  });
  // Else a connection that was busy when the drain began would stay open, idle, until its keep-alive ran out.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (draining !== undefined) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    done();
    const { method, routeOptions } = request;
    const { statusCode: status, elapsedTime } = reply;
    metrics.answered(routeOptions.config.procedure ?? 'none', status, elapsedTime);
    // Every request is counted in the metrics; a line each would cost more than its search.
    const level = status >= 400 ? 'info' : 'debug';
    if (!logger.isLevelEnabled(level)) return;
    const path = request.url.split('?', 1)[0];
    logger[level]({ method, path, status, ms: Math.round(elapsedTime * 10) / 10 }, 'answered');
  });

  const origins = config.corsOrigins
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  if (origins.length > 0) {
    await app.register(cors, {
      origin: origins,
      methods: ['GET', 'POST'],
      allowedHeaders: ['authorization', 'content-type', 'trpc-accept'],
      exposedHeaders: ['ratelimit', 'ratelimit-policy', 'retry-after'],
      maxAge: 3600,
    });
  }

  // JSON alone: a form on somebody's page cannot send it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch {
      done(new TRPCError({ code: 'PARSE_ERROR', message: 'The body is not JSON.' }));
    }
  });

  app.setErrorHandler((error: FastifyError | TRPCError, request, reply) => {
    const { status, body } = failureOf(error, {
      413: `The request is larger than ${bodyLimit / 1024 / 1024} MiB.`,
      415: 'Send JSON, with the header "content-type: application/json".',
    });
    if (status >= 500 && !(error instanceof TRPCError)) {
      logger.error({ err: error, path: request.url.split('?', 1)[0] }, 'a request failed');
    }
    return reply.code(status).send(body);
  });

  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0]!;
    const batch = path.startsWith('/trpc/') && path.includes(',') ? ' One procedure a request: use httpLink.' : '';
    const message = `There is no ${request.method} ${path}.${batch} GET /reference says what there is.`;
    throw new TRPCError({ code: 'NOT_FOUND', message });
  });

  /** The caller, within their rate, which the answer's headers tell: draft-ietf-httpapi-ratelimit-headers-10. */
  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<Caller | undefined> => {
    const caller = await authenticate(request.headers.authorization, check);
    if (caller === undefined) return undefined;
    const rate = {
      perSecond: caller.rateLimit ?? config.rateLimit,
      burst: caller.rateBurst ?? Math.max(config.rateBurst, caller.rateLimit ?? 0),
    };
    const { allowed, remaining, resetSeconds, retryAfterSeconds } = take(caller.id, rate);
    const window = Math.ceil(rate.burst / rate.perSecond);
    reply.header('ratelimit-policy', `"key";q=${rate.burst};w=${window}`);
    reply.header('ratelimit', `"key";r=${remaining};t=${resetSeconds}`);
    if (allowed) return caller;
    metrics.refused('rate-limit');
    reply.header('retry-after', retryAfterSeconds);
    throw new TRPCError({
      code: 'TOO_MANY_REQUESTS',
      message: `The API key "${caller.name}" may send ${rate.perSecond} requests a second. Try again in ${retryAfterSeconds} s.`,
    });
  };
  const contextOf = (request: FastifyRequest, reply: FastifyReply): Context => ({
    db,
    serving,
    events,
    latency,
    authenticate: () => admit(request, reply),
  });

  /** Calls a procedure and shapes its answer; every error has the same form whichever way it was called. */
  const handler =
    (operation: Operation, inputOf: (request: FastifyRequest) => unknown, shape: (body: unknown) => unknown) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const call = { operation, input: inputOf(request), ctx: contextOf(request, reply) };
      const { status, body, error } = await answerCall(
        { ...call, timeoutMs: config.requestTimeoutMs },
        pressure.begin(),
      );
      if (error === undefined) {
        if (operation.name === 'events.log') metrics.events(body as Parameters<typeof metrics.events>[0]);
        return shape(body);
      }
      if (error.code === 'INTERNAL_SERVER_ERROR') {
        logger.error({ err: error.cause ?? error, path: operation.name }, 'a call failed');
      }
      if (status === 503) reply.header('retry-after', retrySeconds);
      return reply.code(status).send(body);
    };

  for (const operation of operations) {
    const { name, rest, procedure } = operation;
    const options = { config: { procedure: name } };
    const trpc = (inputOf: (request: FastifyRequest) => unknown) =>
      handler(operation, inputOf, (data) => ({ result: { data } }));
    app.post(
      `/trpc/${name}`,
      options,
      trpc(({ body }) => body),
    );
    if (procedure._def.type === 'query') app.get(`/trpc/${name}`, options, trpc(inputOfTrpcUrl));
    app.route({
      ...options,
      method: rest.method,
      url: rest.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: handler(
        operation,
        rest.method === 'POST'
          ? ({ body }) => body
          : ({ params, query }) =>
              inputOfUrl(operation, params as Record<string, string>, query as Record<string, string>),
        (body) => body,
      ),
    });
  }

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
  const page = referencePage(document);
  app.get('/reference', (_request, reply) =>
    reply
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
      .type('text/html; charset=utf-8')
      .send(page),
  );
  app.get('/health', () => ({ ...serving.health(), draining: draining !== undefined }));
  app.get('/ready', async (_request, reply) => {
    const ready = draining === undefined && serving.health().status !== 'starting';
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  app.get('/metrics', async (request, reply) => {
    const caller = await authenticate(request.headers.authorization, check).catch((cause) => {
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

  const end = async () => {
    if (app.server.listening && config.drainMs > 0) {
      await pause(config.drainMs);
      // What lies in a socket's buffer is read before the sockets that are idle are closed: a turn to accept, one to read.
      for (let turn = 0; turn < 2; turn++) await setImmediate();
    }
    await app.close();
    await latency[Symbol.asyncDispose]();
    pressure[Symbol.dispose]();
  };
  const drain = () => {
    draining ??= end();
    return draining;
  };
  return {
    app,
    async listen() {
      const { host, retrievalPort: port } = config;
      try {
        return await app.listen({ host, port });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        throw new DuetError('conflict', `Port ${port} on ${host} is in use by another program.`, {
          fix: 'Stop that program, or set DUET_RETRIEVAL_PORT to a free port.',
          cause: error,
        });
      }
    },
    drain,
    [Symbol.asyncDispose]: drain,
  };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The procedure that a route calls. */
    procedure?: string;
  }
}

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
