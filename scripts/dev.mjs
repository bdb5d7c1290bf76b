#!/usr/bin/env node
/** `npm run dev` and `npm run seed`: sets up what is missing, then runs apps/cli/src/dev on Node 24. */
import path from 'node:path';
import { runForwarding } from './forward.mjs';
import { root } from './node24.mjs';
import { SetupError, setUp } from './setup.mjs';

let node;
try {
  node = await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
await runForwarding(node, [path.join(root, 'apps/cli/src/dev/main.ts'), ...process.argv.slice(2)]);
