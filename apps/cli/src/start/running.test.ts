import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { identify, isAlive } from '@duet/base';
import { endOrphans, endProcess, findRunning, forgetRunning, noteRunning, requireAlone } from './running.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'duet-running-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that ends only when it is told to. */
const sleeper = (script = '') =>
  spawn(process.execPath, ['-e', `${script}; setInterval(() => {}, 1000); console.log('up')`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });

test('a second start on the same folder is refused, with the process and what to do', () => {
  requireAlone(folder);
  noteRunning(folder);
  assert.equal(findRunning(folder)?.supervisor.pid, process.pid);
  assert.throws(() => requireAlone(folder), new RegExp(`process ${process.pid}.*npx duet stop`));
  forgetRunning(folder);
  requireAlone(folder);
});

test('a torn file names nothing that runs, and stops no start', async () => {
  for (const torn of ['', '{"supervisor":{"pid":1,', '\u0000\u0000\u0000']) {
    writeFileSync(path.join(folder, 'running.json'), torn);
    assert.equal(findRunning(folder), undefined);
    assert.deepEqual(await endOrphans({ dataDir: folder, drainMs: 0 }), []);
    requireAlone(folder);
  }
});

test('a number that another process has since got does not count as running', () => {
  noteRunning(folder);
  const file = path.join(folder, 'running.json');
  const running = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...running, supervisor: { pid: process.pid, began: '1' } }));
  assert.equal(findRunning(folder), undefined);
});

test('services whose supervisor was killed are ended by the next start', async () => {
  const [service, supervisor] = [sleeper(), sleeper()];
  await Promise.all([once(service.stdout, 'data'), once(supervisor.stdout, 'data')]);
  const left = {
    supervisor: identify(supervisor.pid!),
    services: { admin: { state: 'running', deaths: 0, process: identify(service.pid!) } },
  };
  writeFileSync(path.join(folder, 'running.json'), JSON.stringify(left));
  assert.deepEqual(await endOrphans({ dataDir: folder, drainMs: 0 }), [], 'not while the supervisor lives');
  supervisor.kill('SIGKILL');
  await once(supervisor, 'close');
  const ended = once(service, 'close');
  assert.deepEqual(await endOrphans({ dataDir: folder, drainMs: 0 }), ['admin']);
  await ended;
  assert.equal(isAlive(left.services.admin.process), false);
});

test('a process that will not stop is ended by force once the patience is over', async () => {
  const stubborn = sleeper("process.on('SIGTERM', () => {})");
  await once(stubborn.stdout, 'data');
  const closed = once(stubborn, 'close');
  await endProcess(identify(stubborn.pid!), 200);
  assert.deepEqual(await closed, [null, 'SIGKILL']);
});
