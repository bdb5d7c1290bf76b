import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { failure, type Keyring } from '@duet/api';
import type { Config, Logger } from '@duet/base';
import cors from '@fastify/cors';
import { TRPCError } from '@trpc/server';
import type { FastifyError, FastifyInstance } from 'fastify';
import { datasetHeader, visitorHeader } from './admit.ts';
import { failureOf } from './failures.ts';
import type { Metrics } from './metrics.ts';
import type { Pressure } from './pressure.ts';

/** A batch of 1,000 events takes about 400 KB. */
export const bodyLimit = 1024 * 1024;
/** Seconds after which a request that was refused for load may come back. */
export const retrySeconds = 1;

const busy = JSON.stringify(
  failure(new TRPCError({ code: 'SERVICE_UNAVAILABLE', message: 'The service is busy. Try again in a second.' })).body,
);

/** The header with a request's id, in and out. */
const requestIdHeader = 'x-request-id';

/**
 * A request's id: the caller's own (`x-request-id`), else that of the trace it belongs to (`traceparent`,
 * https://www.w3.org/TR/trace-context/), else a new one. It is answered, and stands in each line of the log.
 */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers[requestIdHeader];
  if (typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given)) return given;
  const { traceparent } = headers;
  return /^[\da-f]{2}-([\da-f]{32})-/.exec(typeof traceparent === 'string' ? traceparent : '')?.[1] ?? randomUUID();
}

interface Parts {
  logger: Logger;
  metrics: Metrics;
  pressure: Pressure;
  isDraining(): boolean;
}

/**
 * What happens to every request: refused under load, counted and logged once it is answered. The hooks call back: each
 * that returned a promise would cost a request some microseconds.
 */
export function addHooks(app: FastifyInstance, { logger, metrics, pressure, isDraining }: Parts): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header(requestIdHeader, request.id);
    if (request.protocol === 'https') reply.header('strict-transport-security', 'max-age=31536000');
    const why = request.routeOptions.config.procedure === undefined ? undefined : pressure.refusal();
    if (why === undefined) return done();
    metrics.refused(why);
    // Written once and sent as it is: a refusal that costs as much as an answer would help nobody.
    reply.code(503).header('retry-after', retrySeconds).type('application/json; charset=utf-8').send(busy);
  });
  // Else a connection that was busy when the drain began would stay open, idle, until its keep-alive ran out.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining()) reply.header('connection', 'close');
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
    const path = pathOf(request.url);
    logger[level]({ requestId: request.id, method, path, status, ms: Math.round(elapsedTime * 10) / 10 }, 'answered');
  });
}

/** Takes JSON alone: a form on somebody's page cannot send it. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch {
      done(new TRPCError({ code: 'PARSE_ERROR', message: 'The body is not JSON.' }));
    }
  });
}

/** Answers what no procedure answers: other paths, and what Fastify refuses. */
export function answerFailures(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error: FastifyError | TRPCError, request, reply) => {
    const { status, body } = failureOf(error, {
      413: `The request is larger than ${(request.routeOptions.bodyLimit ?? bodyLimit) / 1024 / 1024} MiB.`,
      415: 'Send JSON, with the header "content-type: application/json".',
    });
    if (status >= 500 && !(error instanceof TRPCError)) {
      logger.error({ err: error, requestId: request.id, path: pathOf(request.url) }, 'a request failed');
    }
    return reply.code(status).send(body);
  });

  app.setNotFoundHandler((request) => {
    const path = pathOf(request.url);
    const message = `There is no ${request.method} ${path}. GET /reference says what there is.`;
    throw new TRPCError({ code: 'NOT_FOUND', message });
  });
}

/**
 * Lets browsers call from the configured origins, and from those of publishable keys. What a page may do is not decided
 * here: no answer depends on a cookie, and a publishable key is checked against the page's origin at each request.
 */
export async function allowOrigins(
  app: FastifyInstance,
  { corsOrigins }: Pick<Config, 'corsOrigins'>,
  keyring: Pick<Keyring, 'hasOrigin'>,
): Promise<void> {
  const configured = new Set(corsOrigins.split(',').map((origin) => origin.trim()));
  await app.register(cors, {
    origin: (origin, answer) =>
      answer(null, origin !== undefined && (configured.has(origin) || keyring.hasOrigin(origin))),
    methods: ['GET', 'POST'],
    allowedHeaders: [
      ...['authorization', 'content-type', 'traceparent', 'trpc-accept'],
      ...[requestIdHeader, visitorHeader, datasetHeader],
    ],
    exposedHeaders: ['ratelimit', 'ratelimit-policy', 'retry-after', requestIdHeader],
    maxAge: 3600,
  });
}

/** A URL without its query, which may name a user. */
const pathOf = (url: string): string => url.split('?', 1)[0]!;
