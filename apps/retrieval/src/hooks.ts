import type { Keyring } from '@duet/api';
import type { Config, Logger } from '@duet/base';
import cors from '@fastify/cors';
import { TRPCError } from '@trpc/server';
import type { FastifyError, FastifyInstance } from 'fastify';
import { datasetHeader, visitorHeader } from './admit.ts';
import { failureOf } from './failures.ts';
import type { Metrics } from './metrics.ts';
import { requestIdHeader } from './request-id.ts';

/** A batch of 1,000 events takes about 400 KB. */
export const bodyLimit = 1024 * 1024;
interface Parts {
  logger: Logger;
  metrics: Metrics;
  isDraining(): boolean;
}

/**
 * What happens to every request: counted and logged once it is answered. The hooks call back: each that returned a
 * promise would cost a request some microseconds.
 */
export function addHooks(app: FastifyInstance, { logger, metrics, isDraining }: Parts): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header(requestIdHeader, request.id);
    if (request.protocol === 'https') reply.header('strict-transport-security', 'max-age=31536000');
    done();
  });
  // Else a connection that was busy when the drain began would stay open, idle, until its keep-alive ran out.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining()) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    done();
    const { method, routeOptions } = request;
    const { statusCode: status } = reply;
    const elapsedMs = reply.elapsedTime + (request.raw.waitedMs ?? 0);
    metrics.answered(routeOptions.config.procedure ?? 'none', status, elapsedMs);
    // Every request is counted in the metrics; a line each would cost more than its search.
    const level = status >= 400 ? 'info' : 'debug';
    if (!logger.isLevelEnabled(level)) return;
    const path = pathOf(request.url);
    logger[level]({ requestId: request.id, method, path, status, ms: Math.round(elapsedMs * 10) / 10 }, 'answered');
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
 * Which origins' pages may call: the configured ones, and those of publishable keys. What a page may do is not decided
 * here: no answer depends on a cookie, and a publishable key is checked against the page's origin at each request.
 */
export function allowedOrigins(
  { corsOrigins }: Pick<Config, 'corsOrigins'>,
  keyring: Pick<Keyring, 'hasOrigin'>,
): (origin: string) => boolean {
  const configured = new Set(corsOrigins.split(',').map((origin) => origin.trim()));
  return (origin) => configured.has(origin) || keyring.hasOrigin(origin);
}

/** Lets browsers call from these origins. */
export async function allowOrigins(app: FastifyInstance, isAllowed: (origin: string) => boolean): Promise<void> {
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && isAllowed(origin)),
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
