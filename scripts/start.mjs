#!/usr/bin/env node
/** `npm start`: sets up what is missing, then runs `duet start` with the same arguments on Node 24. */
import path from 'node:path';
import { readEnvFile } from './env-file.mjs';
import { runForwarding } from './forward.mjs';
import { root } from './node24.mjs';
import { SetupError, setUp } from './setup.mjs';

const began = Date.now();
readEnvFile();
let node;
try {
  node = await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
await runForwarding(node, [path.join(root, 'apps/cli/src/main.ts'), 'start', ...process.argv.slice(2)], {
  DUET_SETUP_MS: String(Date.now() - began),
});
