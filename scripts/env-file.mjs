/** Plain JavaScript for Node ≥ 20.12, without dependencies, as everything that runs before a start. */
import fs from 'node:fs';
import path from 'node:path';
import { root } from './node24.mjs';

/** Takes the settings of a file `.env` at the root into the environment, which has the last word. */
export function readEnvFile() {
  const file = path.join(root, '.env');
  if (fs.existsSync(file)) process.loadEnvFile(file);
}
