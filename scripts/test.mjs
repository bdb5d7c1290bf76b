#!/usr/bin/env node
/** `npm test`: sets up what is missing, then runs every stage on Node 24. */
import path from 'node:path';
import { runForwarding } from './forward.mjs';
import { root } from './node24.mjs';
import { SetupError, setUp } from './setup.mjs';

let node;
try {
  node = await setUp({ browser: true });
} catch (error) {
  process.stdout.write(`${error instanceof SetupError ? error.message : error.stack}\n0 passed, 1 failed\n`);
  process.exit(1);
}
await runForwarding(node, [path.join(root, 'scripts/stages.mjs'), ...process.argv.slice(2)]);
