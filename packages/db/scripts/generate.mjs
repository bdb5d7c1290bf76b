// Writes the Prisma client to src/generated. Plain JavaScript, so that set-up can run it with Node 20, and a no-op when
// neither the schema nor Prisma changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const db = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const root = path.resolve(db, '../..');
const output = path.join(db, 'src/generated');
const require = createRequire(import.meta.url);
const prisma = require.resolve('prisma/package.json');
const { version, bin } = JSON.parse(readFileSync(prisma, 'utf8'));

const stamp = path.join(output, '.generated-from');
const sourceHash = createHash('sha256')
  .update(version)
  .update(readFileSync(path.join(root, 'prisma/schema.prisma')))
  .digest('hex');
const current = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash;

if (!current()) {
  // Two packages' tests may start this at once: the directory is the lock, and one left by a killed run goes stale.
  const lock = path.join(db, 'node_modules', '.generate-lock');
  mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 60_000) rmdirSync(lock);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  try {
    if (!current()) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [path.join(path.dirname(prisma), bin.prisma), 'generate'],
        {
          cwd: root,
          encoding: 'utf8',
          // `prisma generate` needs no schema engine, yet downloads one unless this names a file that is there.
          env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1', ...process.env },
        },
      );
      if (status !== 0) {
        process.stderr.write(`prisma generate failed.\n${stdout}${stderr}`);
        process.exitCode = 1;
      } else writeFileSync(stamp, sourceHash);
    }
  } finally {
    rmdirSync(lock);
  }
}
