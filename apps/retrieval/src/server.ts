import { appRouter, authenticate, type Context, createKeyCheck } from '@duet/api';
import { type Config, DuetError, type Logger } from '@duet/config';
import type { Database } from '@duet/db';
import type { Serving } from '@duet/serving';
import cors from '@fastify/cors';
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { type FastifyBaseLogger, type FastifyError, type FastifyInstance, fastify, LogController } from 'fastify';

/** A batch of 1,000 events takes about 400 KB. */
const bodyLimit = 1024 * 1024;

export interface ServerParts {
  config: Pick<Config, 'host' | 'retrievalPort' | 'corsOrigins'>;
  logger: Logger;
  db: Database;
  serving: Serving;
}

export interface RetrievalServer extends AsyncDisposable {
  app: FastifyInstance;
  /** @returns its address. @throws DuetError `conflict` where the port is taken */
  listen(): Promise<string>;
  /** Answers what is under way, refuses what is new, and ends. Disposing does the same. */
  drain(): Promise<void>;
}

/**
 * The retrieval service: the tRPC procedures under `/trpc`, and for whoever watches it `/health` (what is served; always
 * 200) and `/ready` (503 until there is something to serve, and again while it drains). `/` says so.
 */
export async function createServer({ config, logger, db, serving }: ServerParts): Promise<RetrievalServer> {
  let draining = false;
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // Its own request lines hold URLs; the one below holds no more than the procedure's name.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
  });
  // Else a connection that was busy when the drain began would stay open, idle, until its keep-alive ran out.
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (draining) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const path = request.url.split('?', 1)[0];
    logger.info({ method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'answered');
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
      maxAge: 3600,
    });
  }

  // What Fastify refuses by itself, such as too large a body, in the same form as every other error.
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ err: error, path: request.url.split('?', 1)[0] }, 'a request failed');
    const message = status >= 500 ? 'Something went wrong inside Duet. Its log says what.' : error.message;
    return reply
      .code(status)
      .send({ error: { message, code: -32600, data: { code: error.code, httpStatus: status } } });
  });

  app.setNotFoundHandler((request, reply) => {
    const message = `There is no ${request.method} ${request.url.split('?', 1)[0]}: procedures are under /trpc.`;
    return reply.code(404).send({ error: { message, code: -32004, data: { code: 'NOT_FOUND', httpStatus: 404 } } });
  });

  app.get('/', () => ({ service: 'Duet retrieval', procedures: '/trpc', health: '/health', ready: '/ready' }));
  app.get('/health', () => ({ ...serving.health(), draining }));
  app.get('/ready', async (_request, reply) => {
    const ready = !draining && serving.health().status !== 'starting';
    return reply.code(ready ? 200 : 503).send({ ready });
  });

  const check = createKeyCheck(db);
  await app.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    trpcOptions: {
      router: appRouter,
      allowBatching: false,
      allowMethodOverride: true,
      createContext: async ({ req }): Promise<Context> => ({
        db,
        serving,
        authenticate: () => authenticate(req.headers.authorization, check),
      }),
      onError: ({ error, path }) => {
        if (error.code === 'INTERNAL_SERVER_ERROR') logger.error({ err: error.cause ?? error, path }, 'a call failed');
      },
    },
  } satisfies FastifyTRPCPluginOptions<typeof appRouter>);

  const drain = async () => {
    draining = true;
    await app.close();
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
