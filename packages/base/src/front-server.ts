import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Config } from './config.ts';
import { DuetError } from './error.ts';
import { callerAddress, limitConnections, trustedProxies } from './server-limits.ts';

/** What answers a request; it has ended the answer once it resolves. */
type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => Promise<void>;

/** Bytes of a body at most: files come in pieces of 8 MiB. */
const mostBodyBytes = 32 * 2 ** 20;
/** A body may take so long, where it keeps coming: a piece of a file on a slow line. */
const wholeMs = 300_000;
/** What must come of one in each span: less than any line carries. */
const leastBytes = 4_096;
const spanMs = 5_000;

function cutWhereItDrips(request: http.IncomingMessage): void {
  const { socket } = request;
  let read = socket.bytesRead;
  const watch = setInterval(() => {
    // What is not read here, because the app is busy with the rest, is no fault of the sender's.
    const isUnread = request.readableLength >= request.readableHighWaterMark;
    if (request.complete || isUnread || socket.destroyed) return;
    if (socket.bytesRead - read < leastBytes) socket.destroy();
    read = socket.bytesRead;
  }, spanMs).unref();
  request.once('close', () => clearInterval(watch));
}

const oneOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(', ') : header;

/**
 * Stands before a web app: bounds its connections, cuts off what does not arrive in time, and says of each request who
 * sent it and how. The headers by which proxies tell that (`X-Forwarded-*`) are believed from the configured ones
 * alone; the app finds them as they are true. Behind https it tells browsers to stay there.
 *
 * @returns the server, which listens
 * @throws DuetError `conflict` where the port is taken
 */
export async function serveWeb(
  { host, maxConnections, trustedProxies: setting }: Pick<Config, 'host' | 'maxConnections' | 'trustedProxies'>,
  port: number,
  handler: Handler,
): Promise<http.Server> {
  const isTrusted = trustedProxies(setting);
  const server = http.createServer({ connectionsCheckingInterval: 1_000 }, (request, response) => {
    const { headers, socket } = request;
    const byProxy = isTrusted(socket.remoteAddress ?? '');
    const isHttps = byProxy && /^https\b/i.test(oneOf(headers['x-forwarded-proto']) ?? '');
    const forwardedHost = byProxy ? oneOf(headers['x-forwarded-host'])?.split(',')[0]?.trim() : undefined;
    delete headers.forwarded;
    headers['x-forwarded-for'] = callerAddress(socket, oneOf(headers['x-forwarded-for']), isTrusted);
    headers['x-forwarded-proto'] = isHttps ? 'https' : 'http';
    headers['x-forwarded-host'] = forwardedHost || (headers.host ?? '');
    if (isHttps) response.setHeader('strict-transport-security', 'max-age=31536000');
    if (Number(headers['content-length'] ?? 0) > mostBodyBytes) {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    cutWhereItDrips(request);
    handler(request, response).catch(() => response.destroy());
  });
  limitConnections(server, maxConnections, wholeMs);
  server.on('upgrade', (_, socket) => socket.destroy());
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new DuetError('conflict', `Port ${port} on ${host} is in use by another program.`, { cause });
  }
  return server;
}

/** Of Next's programmatic server what is used. Its own types would give every package of ours the types of browsers. */
type CreateNext = (options: { dev: false; dir: string; hostname: string; port: number }) => {
  prepare(): Promise<void>;
  getRequestHandler(): Handler;
};

/** Requests under way when the app is told to end have this long. */
const lastMs = 5_000;

/**
 * Serves a built Next app behind {@link serveWeb} for the life of this process: at SIGTERM or SIGINT it answers what is
 * under way, and ends.
 *
 * @param dir the app's folder, which Next is installed for
 */
export async function runNextApp(config: Config, port: number, dir: string): Promise<void> {
  const next = createRequire(path.join(dir, 'package.json'))('next') as CreateNext;
  const app = next({ dev: false, dir, hostname: config.host, port });
  await app.prepare();
  let server: http.Server;
  try {
    server = await serveWeb(config, port, app.getRequestHandler());
  } catch (error) {
    console.error(error instanceof DuetError ? error.message : error);
    process.exit(1);
  }
  const stop = () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), lastMs).unref();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
}
