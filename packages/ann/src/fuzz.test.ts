import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { skipWithout } from './testing/reference.ts';
import { type EngineName, engineNames } from './vector-index.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('./testing/fuzz.child.ts', import.meta.url));
const buildNative = fileURLToPath(new URL('../scripts/build-native.mjs', import.meta.url));

async function fuzz(name: EngineName, least: number, more: NodeJS.ProcessEnv = {}): Promise<void> {
  const env = { ...process.env, DUET_ANN_ENGINE: name, ...more };
  const { stdout } = await run(process.execPath, ['--no-warnings', child], { env });
  const { answered, refused } = JSON.parse(stdout) as { answered: number; refused: number };
  assert.ok(answered > least && refused > least, `${answered} calls were answered and ${refused} refused`);
}

for (const name of engineNames) {
  test(`${name}: nothing a caller or a file can hold ends the process`, skipWithout(name), () => fuzz(name, 500));
}

test('our native code touches no memory that is not its own, and does nothing undefined (ASan, UBSan)', async (t) => {
  const { skip } = skipWithout('faiss');
  if (skip) return t.skip(skip);
  const { stdout, stderr } = await run(process.execPath, [buildNative, '--sanitize']);
  // The set-up's script never fails: it says what is missing.
  if (stdout === '') return t.skip(stderr);
  const { binding, env } = JSON.parse(stdout) as { binding: string; env: NodeJS.ProcessEnv };
  await fuzz('faiss', 125, { ...env, SANITIZED_BINDING: binding });
});
