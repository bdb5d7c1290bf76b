import { createServer } from 'node:http';
import { DuetError, type Logger } from '@duet/base';
import { type Database, verifyApiKey } from '@duet/db';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

const states = { ok: 0, warn: 1, fail: 2 } as const;

/** What the worker tells Prometheus: its process, and of each dataset its health, open alerts and refreshes. */
function createMetrics({ prisma }: Database): Registry {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const datasets = async () => new Map((await prisma.dataset.findMany()).map(({ id, name }) => [id, name]));

  new Gauge({
    name: 'duet_health_state',
    help: 'What each health check found last: 0 ok, 1 warn, 2 fail.',
    labelNames: ['dataset', 'check'],
    registers,
    async collect() {
      const [names, rows] = await Promise.all([datasets(), prisma.healthCheck.findMany()]);
      this.reset();
      for (const { datasetId, name, state } of rows) {
        this.set({ dataset: names.get(datasetId) ?? '', check: name }, states[state]);
      }
    },
  });
  new Gauge({
    name: 'duet_health_value',
    help: 'What each health check measured last, where it measured something.',
    labelNames: ['dataset', 'check'],
    registers,
    async collect() {
      const [names, rows] = await Promise.all([datasets(), prisma.healthCheck.findMany()]);
      this.reset();
      for (const { datasetId, name, value } of rows) {
        if (value !== null) this.set({ dataset: names.get(datasetId) ?? '', check: name }, value);
      }
    },
  });
  new Gauge({
    name: 'duet_alerts_open',
    help: 'Alerts whose cause is not over, by kind.',
    labelNames: ['kind'],
    registers,
    async collect() {
      this.reset();
      const rows = await prisma.alert.groupBy({ by: ['kind'], where: { closedAt: null }, _count: true });
      for (const { kind, _count } of rows) this.set({ kind }, _count);
    },
  });
  new Gauge({
    name: 'duet_refreshes',
    help: 'Refreshes of registered models, by dataset and status.',
    labelNames: ['dataset', 'status'],
    registers,
    async collect() {
      this.reset();
      const names = await datasets();
      const rows = await prisma.refreshRun.groupBy({ by: ['datasetId', 'status'], _count: true });
      for (const { datasetId, status, _count } of rows)
        this.set({ dataset: names.get(datasetId) ?? '', status }, _count);
    },
  });
  return register;
}

/**
 * Serves `/metrics` to keys of the scope metrics, as the retrieval service does.
 *
 * @throws DuetError `conflict` where the port is taken
 */
export async function serveMetrics(
  { db, logger }: { db: Database; logger: Logger },
  { host, port }: { host: string; port: number },
): Promise<AsyncDisposable> {
  const register = createMetrics(db);
  const server = createServer(async (request, response) => {
    try {
      if (request.url !== '/metrics') return void response.writeHead(404).end();
      const key = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      const caller = key === undefined ? undefined : await verifyApiKey(db, key);
      if (caller === undefined) return void response.writeHead(401).end();
      if (!caller.scopes.some((scope) => scope === 'metrics' || scope === 'admin')) {
        return void response.writeHead(403).end();
      }
      response.writeHead(200, { 'content-type': register.contentType }).end(await register.metrics());
    } catch (err) {
      logger.error({ err }, 'metrics could not be read');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new DuetError('conflict', `Port ${port} on ${host} is in use by another program.`, {
              fix: 'Set DUET_WORKER_METRICS_PORT to a free port.',
              cause,
            })
          : cause,
      ),
    );
    server.listen(port, host, resolve);
  });
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
