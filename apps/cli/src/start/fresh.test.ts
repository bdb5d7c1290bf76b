import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '@duet/base';
import { startOver } from './fresh.ts';

test('starting over deletes what Duet made, names it, and leaves everything else', async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'duet-fresh-'));
  for (const name of ['models', 'keys', 'photos']) mkdirSync(path.join(dataDir, name));
  writeFileSync(path.join(dataDir, 'notes.txt'), 'mine');
  const lines: string[] = [];
  await startOver({ ...loadConfig({}), dataDir }, (line) => lines.push(line));
  assert.deepEqual(readdirSync(dataDir).sort(), ['notes.txt', 'photos']);
  assert.match(lines.join(), /deleting models, keys in /);
  rmSync(dataDir, { recursive: true });
});

test('a database of the user is never deleted', async () => {
  const config = { ...loadConfig({}), databaseUrl: 'postgresql://localhost/shop' };
  await assert.rejects(
    startOver(config, () => {}),
    /DATABASE_URL/,
  );
});
