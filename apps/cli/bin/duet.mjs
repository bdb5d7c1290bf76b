#!/usr/bin/env node
/** `npx duet`: runs the command line on Node 24, also where npx itself runs on Node 20. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEnvFile } from '../../../scripts/env-file.mjs';
import { runForwarding } from '../../../scripts/forward.mjs';
import { findNode24 } from '../../../scripts/node24.mjs';

const node = findNode24();
if (node === undefined) {
  process.stderr.write(`Duet runs on Node 24; this is ${process.versions.node}. Run npm ci, or install Node 24.\n`);
  process.exit(1);
}
readEnvFile();
const main = path.join(path.dirname(fs.realpathSync(fileURLToPath(import.meta.url))), '../src/main.ts');
await runForwarding(node, [main, ...process.argv.slice(2)]);
