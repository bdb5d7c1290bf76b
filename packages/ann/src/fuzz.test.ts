import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { skipWithout } from './testing/reference.ts';
import { engineNames } from './vector-index.ts';

const child = fileURLToPath(new URL('./testing/fuzz.child.ts', import.meta.url));

for (const name of engineNames) {
  test(`${name}: nothing a caller or a file can hold ends the process`, skipWithout(name), async () => {
    const env = { ...process.env, DUET_ANN_ENGINE: name };
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', child], { env });
    const { answered, refused } = JSON.parse(stdout) as { answered: number; refused: number };
    assert.ok(answered > 500 && refused > 500, `${answered} calls were answered and ${refused} refused`);
  });
}
