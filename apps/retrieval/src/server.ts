import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { createAssign, openKeyring, orderLimits } from '@duet/api';
import { type Config, DuetError, type Logger, limitConnections, trustedProxies } from '@duet/base';
import type { Database } from '@duet/db';
import { openAnswerLog, openEventSink, openLatencyLog } from '@duet/experiments';
import type { Serving } from '@duet/serving';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { createAdmit } from './admit.ts';
import { serverAtDoor } from './door.ts';
import { answerUnreadable } from './failures.ts';
import { addHooks, allowedOrigins, allowOrigins, answerFailures, bodyLimit, takeJson } from './hooks.ts';
import { createMetrics } from './metrics.ts';
import { watchPressure } from './pressure.ts';
import { requestIdOf } from './request-id.ts';
import { addPages, addProcedures } from './routes.ts';

const unused = () => () => {
  throw new Error('No route has a schema of Fastify’s.');
};

export interface ServerParts {
  config: Pick<
    Config,
    | 'host'
    | 'retrievalPort'
    | 'publicUrl'
    | 'corsOrigins'
    | 'rateLimit'
    | 'rateBurst'
    | 'maxConnections'
    | 'trustedProxies'
    | 'maxInFlight'
    | 'requestTimeoutMs'
    | 'drainMs'
    | 'orderLimit'
  >;
  logger: Logger;
  db: Database;
  /**
   * Connections of their own for keys, with short time-outs, so that nothing that waits holds up a check; by default
   * `db`.
   */
  keyDb?: Database;
  serving: Serving;
}

export interface RetrievalServer extends AsyncDisposable {
  app: FastifyInstance;
  /** @returns its address. @throws DuetError `conflict` where the port is taken */
  listen(): Promise<string>;
  /**
   * Says that it leaves (`/ready` 503, each answer with `connection: close`) while it still answers, for
   * `config.drainMs`; then takes no further connection, answers what is under way, and ends. Disposing does the same.
   */
  drain(): Promise<void>;
}

/**
 * The retrieval service: every procedure by tRPC under `/trpc` and as REST under `/v1`, which `/openapi.json` and
 * `/reference` describe; for whoever watches it `/health` (what is served; always 200), `/ready` (503 until there is
 * something to serve, and again while it drains) and `/metrics` (for a key with the scope metrics).
 */
export async function createServer({ config, logger, db, keyDb = db, serving }: ServerParts): Promise<RetrievalServer> {
  let draining: Promise<void> | undefined;
  const isDraining = () => draining !== undefined;
  const pressure = watchPressure(config.maxInFlight);
  const metrics = createMetrics(serving, pressure);
  const keyring = await openKeyring(keyDb, { logger });
  const isAllowed = allowedOrigins(config, keyring);
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // Its own request lines hold URLs; those of hooks.ts hold no more than the path.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    trustProxy: trustedProxies(config.trustedProxies),
    requestIdHeader: false,
    genReqId: requestIdOf,
    http: { connectionsCheckingInterval: 1_000 },
    serverFactory: serverAtDoor({ pressure, metrics, isDraining, isAllowed }),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    routerOptions: { maxParamLength: 1_000 },
    // Inputs are checked by the procedures. Without these, Fastify loads its own checks at each start.
    schemaController: { compilersFactory: { buildValidator: unused, buildSerializer: unused } },
  });
  limitConnections(app.server, config.maxConnections);
  const orderLimit = orderLimits(config.orderLimit);
  const assign = createAssign(serving);
  const admit = createAdmit(config, { keyring, metrics });
  const answers = openAnswerLog(db, { onError: (err) => logger.warn({ err }, 'answers could not be counted') });
  const latency = openLatencyLog(db, { onError: (err) => logger.warn({ err }, 'latencies could not be kept') });

  const events = openEventSink(db);
  const shared = { db, serving, events, assign, keyring, latency, answers, orderLimit, onLogged: metrics.events };

  addHooks(app, { logger, metrics, isDraining });
  await allowOrigins(app, isAllowed);
  takeJson(app);
  answerFailures(app, logger);
  addProcedures(app, {
    logger,
    pressure,
    timeoutMs: config.requestTimeoutMs,
    contextOf: (request, reply) => ({
      ...shared,
      authenticate: () => admit(request, reply),
    }),
  });
  addPages(app, { serving, metrics, keyring, isDraining, publicUrl: config.publicUrl });

  const end = async () => {
    if (app.server.listening && config.drainMs > 0) {
      await pause(config.drainMs);
      // What lies in a socket's buffer is read before the sockets that are idle are closed: a turn to accept, one to
      // read.
      for (let turn = 0; turn < 2; turn++) await setImmediate();
    }
    await app.close();
    await latency[Symbol.asyncDispose]();
    await answers[Symbol.asyncDispose]();
    pressure[Symbol.dispose]();
    await keyring[Symbol.asyncDispose]();
  };
  const drain = () => {
    draining ??= end();
    return draining;
  };
  return { app, listen: () => listen(app, config), drain, [Symbol.asyncDispose]: drain };
}

/** @throws DuetError `conflict` where the port is taken */
async function listen(app: FastifyInstance, { host, retrievalPort: port }: ServerParts['config']): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new DuetError('conflict', `Port ${port} on ${host} is in use by another program.`, {
      fix: 'Stop that program, or set DUET_RETRIEVAL_PORT to a free port.',
      cause: error,
    });
  }
}
