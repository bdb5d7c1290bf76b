import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { locked } from './lock.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'duet-lock-'));
after(() => rmSync(folder, { recursive: true }));

test('processes that find a dead holder’s lock at once hold it one after another', async () => {
  const lock = path.join(folder, 'shared.lock');
  const log = path.join(folder, 'log');
  // Each enters and leaves many times, so that deletions of dead tickets and new numbers meet in every order.
  const child = path.join(folder, 'child.ts');
  const module = path.join(import.meta.dirname, 'lock.ts');
  writeFileSync(
    child,
    `import { appendFileSync } from 'node:fs';
     const { locked } = await import(${JSON.stringify(module)});
     process.send('ready');
     await new Promise((go) => process.once('message', go));
     for (let i = 0; i < 8; i++) {
       await locked(${JSON.stringify(lock)}, async () => {
         appendFileSync(${JSON.stringify(log)}, '(');
         await new Promise((next) => setImmediate(next));
         appendFileSync(${JSON.stringify(log)}, ')');
       });
     }
     process.disconnect();`,
  );
  const killed = fork(child);
  await once(killed, 'message');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  writeFileSync(`${lock}.1`, `${killed.pid} 1`);
  writeFileSync(`${lock}.4`, `${killed.pid} 1`);
  // A process that has this one's number, but is another: as after a container's start.
  writeFileSync(`${lock}.5`, `${process.pid} 1`);
  const children = Array.from({ length: 4 }, () => fork(child));
  await Promise.all(children.map((one) => once(one, 'message')));
  const ends = children.map((one) => once(one, 'exit'));
  for (const one of children) one.send('go');
  assert.deepEqual(
    (await Promise.all(ends)).map(([code]) => code),
    [0, 0, 0, 0],
  );
  assert.equal(readFileSync(log, 'utf8'), '()'.repeat(32));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('shared.lock')),
    [],
  );
});

test('a lock that a living process holds is waited for, then refused by naming the process', async () => {
  const lock = path.join(folder, 'held.lock');
  await locked(lock, async () => {
    await assert.rejects(
      locked(lock, async () => {}, { patienceMs: 60 }),
      { code: 'unavailable', message: new RegExp(`held\\.lock\\.1: Process ${process.pid} has held this lock`) },
    );
  });
  assert.equal(await locked(lock, async () => 'mine', { patienceMs: 0 }), 'mine');
});
