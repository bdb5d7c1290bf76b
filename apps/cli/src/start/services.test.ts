import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { DuetError } from '@duet/base';
import { identify, isAlive } from './process-identity.ts';
import { Supervisor } from './services.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'duet-services-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const service = (script: string) => ({ name: 'trial', cwd: folder, args: ['-e', script], env: process.env });
const never = new AbortController().signal;

/** A supervisor that hands each new process number of its one service to whoever waits for it. */
function supervise() {
  const pids: number[] = [];
  const waiting: ((pid: number) => void)[] = [];
  const failures: DuetError[] = [];
  const supervisor = new Supervisor(
    { dataDir: folder, drainMs: 0 },
    {
      say: () => {},
      onChange: ({ trial }) => {
        const next = waiting.shift();
        if (next) next(trial!);
        else pids.push(trial!);
      },
      onHopeless: (error) => failures.push(error),
    },
  );
  const nextPid = () => {
    const known = pids.shift();
    return known === undefined ? new Promise<number>((resolve) => waiting.push(resolve)) : Promise.resolve(known);
  };
  return { supervisor, nextPid, failures };
}

test('a service that dies is started again, and stopping ends it for good', async () => {
  const { supervisor, nextPid } = supervise();
  await supervisor.start(service("setInterval(() => {}, 1000); process.send('ready')"), never);
  const first = await nextPid();
  process.kill(first, 'SIGKILL');
  const second = await nextPid();
  assert.notEqual(second, first);
  const identity = identify(second);
  assert.equal(isAlive(identity), true);
  await supervisor[Symbol.asyncDispose]();
  assert.equal(isAlive(identity), false);
});

test('a service that ends before it works fails the start with the end of its log', async () => {
  const { supervisor } = supervise();
  await assert.rejects(
    supervisor.start(service("console.error('no luck'); process.exit(3)"), never),
    (error: DuetError) => error instanceof DuetError && error.code === 'unavailable' && /no luck/.test(error.message),
  );
  await supervisor[Symbol.asyncDispose]();
});
