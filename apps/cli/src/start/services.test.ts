import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DuetError, identify, isAlive } from '@duet/base';
import type { ServiceStatus } from './running.ts';
import { Supervisor } from './services.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'duet-services-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const service = (name: string, script: string) => ({ name, cwd: folder, args: ['-e', script], env: process.env });
const steady = "setInterval(() => {}, 1000); process.send('ready')";

/** A supervisor, and the newest that it said of its services. */
function supervise() {
  let services: Record<string, ServiceStatus> = {};
  const lines: string[] = [];
  const supervisor = new Supervisor(
    { dataDir: folder, drainMs: 0 },
    {
      say: (line) => lines.push(line),
      onChange: (changed) => {
        services = changed;
      },
    },
  );
  const until = async (name: string, holds: (status: ServiceStatus) => boolean): Promise<ServiceStatus> => {
    while (services[name] === undefined || !holds(services[name])) await pause(10);
    return services[name];
  };
  return { supervisor, until, said: lines };
}

test('a service that dies is started again, and stopping ends it for good', async () => {
  const { supervisor, until } = supervise();
  await supervisor.start(service('trial', steady), never);
  const first = await until('trial', ({ state }) => state === 'running');
  process.kill(first.process.pid, 'SIGKILL');
  const second = await until(
    'trial',
    ({ state, process: { pid } }) => state === 'running' && pid !== first.process.pid,
  );
  assert.equal(second.deaths, 1);
  assert.equal(second.says, 'was ended by SIGKILL');
  assert.equal(isAlive(second.process), true);
  await supervisor[Symbol.asyncDispose]();
  assert.equal(isAlive(second.process), false);
});

test('a service that keeps being killed is degraded and tried again, and the others go on untouched', async () => {
  const { supervisor, until, said } = supervise();
  await Promise.all([
    supervisor.start(service('shop', steady), never),
    supervisor.start(service('worker', steady), never),
  ]);
  const shop = await until('shop', ({ state }) => state === 'running');
  for (let deaths = 0, pid = 0; deaths < 5; deaths++) {
    const alive = await until('worker', (status) => status.process.pid !== pid && isAlive(status.process));
    pid = alive.process.pid;
    process.kill(pid, 'SIGKILL');
    await until('worker', (status) => status.deaths > deaths);
  }
  const worker = await until('worker', ({ deaths, process: { pid } }) => deaths === 5 && isAlive(identify(pid)));
  assert.equal(worker.state, 'degraded');
  assert.equal(said.filter((line) => line.includes('degraded')).length, 1, 'it is said once');
  assert.deepEqual(await until('shop', () => true), shop);
  assert.equal(isAlive(shop.process), true);
  await supervisor[Symbol.asyncDispose]();
  assert.equal(isAlive(worker.process), false);
});

test('a service that does not come up says why, with the end of its log, and is tried again', async () => {
  const { supervisor, until } = supervise();
  await assert.rejects(
    supervisor.start(service('trial', "console.error('no luck'); process.exit(3)"), never),
    (error: DuetError) => error instanceof DuetError && error.code === 'unavailable' && /no luck/.test(error.message),
  );
  const { says } = await until('trial', ({ deaths }) => deaths >= 2);
  assert.equal(says, 'ended with code 3');
  await supervisor[Symbol.asyncDispose]();
});
