import http from 'node:http';
import { failure } from '@duet/api';
import { TRPCError } from '@trpc/server';
import type { FastifyServerFactory } from 'fastify';
import type { Metrics } from './metrics.ts';
import type { Pressure } from './pressure.ts';
import { requestIdHeader, requestIdOf } from './request-id.ts';

/** Seconds after which a request that was refused for load may come back. */
export const retrySeconds = 1;

/** A connection may be idle for so long: longer than load balancers keep theirs, so that it is they who close it. */
const keepAliveMs = 72_000;

const busy = Buffer.from(
  JSON.stringify(
    failure(new TRPCError({ code: 'SERVICE_UNAVAILABLE', message: 'The service is busy. Try again in a second.' }))
      .body,
  ),
);
const busyHeaders = [
  ...['content-type', 'application/json; charset=utf-8', 'content-length', String(busy.length)],
  ...['retry-after', String(retrySeconds), 'x-content-type-options', 'nosniff'],
];

/** Whoever watches the service, or reads of it, is let in at any time. */
const isCall = (url: string): boolean => url.startsWith('/v1/') || url.startsWith('/trpc/');

interface Parts {
  pressure: Pressure;
  metrics: Pick<Metrics, 'refused' | 'answered'>;
  isDraining(): boolean;
  /** Whether pages of this origin may read what is answered. */
  isAllowed(origin: string): boolean;
}

/**
 * The HTTP server before the routes. Calls wait here, where nothing has been done for them but reading their headers,
 * until they are worked on or refused. A refusal is written as it is: one that costs as much as an answer would help
 * nobody.
 */
export function serverAtDoor({ pressure, metrics, isDraining, isAllowed }: Parts): FastifyServerFactory {
  const refuse = (request: http.IncomingMessage, response: http.ServerResponse, waitedMs: number) => {
    metrics.refused('waiting');
    metrics.answered('none', 503, waitedMs);
    const { origin } = request.headers;
    const headers = [...busyHeaders, requestIdHeader, requestIdOf(request)];
    if (isDraining()) headers.push('connection', 'close');
    if (origin !== undefined && isAllowed(origin))
      headers.push('access-control-allow-origin', origin, 'vary', 'origin');
    response.writeHead(503, headers).end(busy);
  };
  return (handler, options) => {
    const server = http.createServer(options.http ?? {}, (request, response) => {
      if (!isCall(request.url!)) return handler(request, response);
      pressure.arrive({
        take: (waitedMs) => {
          request.waitedMs = waitedMs;
          handler(request, response);
        },
        refuse: (waitedMs) => refuse(request, response, waitedMs),
        isGone: () => request.socket.destroyed,
      });
    });
    server.keepAliveTimeout = keepAliveMs;
    return server;
  };
}

declare module 'node:http' {
  interface IncomingMessage {
    /** Before it was worked on. */
    waitedMs?: number;
  }
}
