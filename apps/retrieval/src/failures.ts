import type { Socket } from 'node:net';
import { failure, type Reply } from '@duet/api';
import { TRPCError } from '@trpc/server';
import type { FastifyError } from 'fastify';

/** What Fastify and Node refuse by themselves, by status, in tRPC's terms. */
const codes: Record<number, TRPCError['code']> = {
  400: 'BAD_REQUEST',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_SUPPORTED',
  408: 'TIMEOUT',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  503: 'SERVICE_UNAVAILABLE',
};

/** An error that no procedure made, in the form of those that one did. */
export function failureOf(error: FastifyError | TRPCError, sentences: Partial<Record<number, string>> = {}): Reply {
  if (error instanceof TRPCError) return failure(error);
  const status = error.statusCode ?? 500;
  const code = codes[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR');
  return failure(new TRPCError({ code, message: sentences[status] ?? error.message, cause: error }));
}

/**
 * Answers a connection whose request Node could not read: too slow, with headers too large, or not HTTP.
 * https://nodejs.org/api/http.html#event-clienterror
 */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason, code, message] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ([408, 'Request Timeout', 'TIMEOUT', 'The request did not arrive in time.'] as const)
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ([431, 'Request Header Fields Too Large', 'BAD_REQUEST', 'The headers are too large.'] as const)
        : ([400, 'Bad Request', 'BAD_REQUEST', 'This is not an HTTP request.'] as const);
  const { error: shape } = failure(new TRPCError({ code, message })).body as { error: { data: object } };
  const body = JSON.stringify({ error: { ...shape, data: { ...shape.data, httpStatus: status } } });
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
