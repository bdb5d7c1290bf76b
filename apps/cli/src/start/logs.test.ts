import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { rotateLogs } from './logs.ts';

test('a log that a living process writes is cut by size, its last parts kept, and goes on', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'duet-logs-'));
  const file = path.join(folder, 'service.log');
  const out = openSync(file, 'a');
  const script = "let n = 0; setInterval(() => console.log('line ' + n++), 1)";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', out, 'inherit'] });
  closeSync(out);
  const bounds = { maxBytes: 500, keep: 2 };
  try {
    for (let turns = 0; turns < 4; turns++) {
      while (statSync(file).size < bounds.maxBytes) await pause(5);
      rotateLogs([file], bounds);
    }
    while (statSync(file).size === 0) await pause(5);
    assert.deepEqual(readdirSync(folder).sort(), ['service.log', 'service.log.1', 'service.log.2']);
    const firstOf = (name: string) => Number(/line (\d+)/.exec(readFileSync(path.join(folder, name), 'utf8'))![1]);
    assert.ok(firstOf('service.log.2') < firstOf('service.log.1'));
    assert.ok(firstOf('service.log.1') < firstOf('service.log'));
    assert.doesNotMatch(readFileSync(file, 'latin1'), /\0/, 'it goes on at its new beginning');
  } finally {
    child.kill();
    await once(child, 'close');
    rmSync(folder, { recursive: true });
  }
});
