import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Running, stateOf } from './running.ts';

/**
 * Answers at `/health` how the supervised services are, for a monitor: 200 while all is well, 503 while one of them is
 * degraded.
 */
export async function serveHealth(
  { host, port }: { host: string; port: number },
  running: () => Running | undefined,
): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== '/health') {
      response.writeHead(404).end();
      return;
    }
    const now = running();
    const state = stateOf(now);
    response.writeHead(state === 'running' ? 200 : 503, { 'content-type': 'application/json' });
    const services = Object.entries(now?.services ?? {}).map(([name, { state, deaths, says }]) => [
      name,
      { state, deaths, says },
    ]);
    response.end(JSON.stringify({ state, services: Object.fromEntries(services) }));
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
