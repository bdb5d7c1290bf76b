import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig, repositoryRoot, urlOf } from '@duet/base';
import { createDuetClient, type DuetClient } from '@duet/client';
import { connect, createApiKey, type Database, startPostgres } from '@duet/db';
import { freePort } from '@duet/db/testing';
import { commands, writeFiles } from '../serve/shop.ts';

export const items = 2_000;
const users = 500;
/** Between two events, and between two reads. */
export const everyMs = 50;
export const diskMegabytes = 768;

export interface Shop {
  dataDir: string;
  url: string;
  key: string;
  databaseUrl: string;
  webUrls: Record<'admin' | 'storefront', string>;
}

/** A shopper who never stops: events by the client as a shop would log them, reads as they come. */
export function shopper({ url, key }: Shop) {
  const events = new Set<string>();
  const dropped = new Set<string>();
  let [reads, failed, going] = [0, 0, true];
  const duet: DuetClient = createDuetClient({
    url,
    apiKey: key,
    timeoutMs: 1_000,
    retry: { attempts: 1 },
    events: {
      onDrop: (gone) => {
        for (const { eventId } of gone) dropped.add(eventId);
      },
    },
  });
  const log = async () => {
    for (let n = 0; going; n++, await pause(everyMs)) {
      const [id] = duet.events.log({ type: 'click', userId: `user-${n % 100}`, itemId: `item-${n % items}` });
      events.add(id!);
    }
  };
  const read = async () => {
    for (let n = 0; going; n++, await pause(everyMs)) {
      reads++;
      await duet.retrieve({ userId: `user-${n % 100}`, k: 20 }).catch(() => {
        failed++;
      });
    }
  };
  const both = Promise.all([log(), read()]);
  return {
    duet,
    async stop() {
      going = false;
      await both;
      await duet.close({ timeoutMs: 60_000 });
      return { events, dropped, reads, failed };
    },
  };
}

/** Waits until the service answers a read and stores an event. Returns the seconds since `from`. */
export async function back({ url, key }: Shop, from: number): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const asks = async (call: string, body: object): Promise<boolean> => {
    const signal = AbortSignal.timeout(1_000);
    return fetch(`${url}/v1/${call}`, { method: 'POST', headers, body: JSON.stringify(body), signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  const event = () => ({
    eventId: crypto.randomUUID(),
    occurredAt: new Date().toISOString(),
    ...{ type: 'click', userId: 'probe', itemId: 'item-1' },
  });
  for (;;) {
    const [read, stored] = await Promise.all([
      asks('retrieve', { userId: 'user-1', k: 20 }),
      asks('events', { events: [event()] }),
    ]);
    if (read && stored) return (performance.now() - from) / 1000;
    await pause(20);
  }
}

/** A small shop, trained and indexed, in an embedded database, under `duet start`. */
export async function openShop(
  opened: AsyncDisposableStack,
  { onOwnDisk, web }: { onOwnDisk: boolean; web: boolean },
): Promise<Shop> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-faults-'));
  opened.defer(() => rm(dataDir, { recursive: true, force: true }));
  if (onOwnDisk) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m,mode=711`, 'duet-faults', dataDir]);
    opened.defer(async () => {
      execFileSync('umount', ['--lazy', dataDir]);
    });
  }
  const env = {
    ...process.env,
    DUET_DATA_DIR: dataDir,
    DUET_POSTGRES_PORT: String(await freePort()),
    DUET_RETRIEVAL_PORT: String(await freePort()),
    DUET_ADMIN_PORT: String(await freePort()),
    DUET_STOREFRONT_PORT: String(await freePort()),
    // The shopper is one key.
    DUET_RATE_LIMIT: '10000',
    DUET_RATE_BURST: '10000',
  };
  const config = loadConfig(env);
  let key: string;
  {
    await using server = await startPostgres(config);
    const duet = commands(server.url, dataDir);
    const { interactions, catalogue } = await writeFiles(dataDir, items, users);
    const imported = await duet('import', '--name', 'faults', '--interactions', interactions, '--items', catalogue);
    const how = ['--preset', 'fast', '--set', 'epochs=1', '--split', 'time:0.8'];
    const { modelId } = await duet('train', '--dataset', imported.datasetId!, '--model', 'two-tower', ...how);
    await duet('index', '--model', modelId!);
    const of = ['--dataset', imported.datasetId!];
    await duet('models', 'register', ...of, '--name', 'served', '--from', modelId!);
    await duet('deploy', ...of, '--model', 'served');
    await using db: Database = await connect(server.url);
    ({ key } = await createApiKey(db, { name: 'faults', scopes: ['admin'] }));
  }
  const apps = web ? [] : ['--no-admin', '--no-storefront'];
  const args = ['start', '--no-demo', '--no-avx2', ...apps];
  const main = path.join(repositoryRoot(), 'apps/cli/src/main.ts');
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  opened.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'close');
  });
  const url = config.retrievalUrl;
  const ready = () =>
    fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await ready())) {
    if (child.exitCode !== null) throw new Error('duet start ended before it was ready.');
    await pause(200);
  }
  const { url: databaseUrl } = JSON.parse(readFileSync(path.join(dataDir, 'postgres.json'), 'utf8'));
  const webUrls = {
    admin: urlOf(config.host, config.adminPort),
    storefront: urlOf(config.host, config.storefrontPort),
  };
  return { dataDir, url, key, databaseUrl, webUrls };
}
