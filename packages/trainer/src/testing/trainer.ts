import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openExecutor } from '@duet/artifact';
import { createTestDatabase } from '@duet/db/testing';
import type { TrainerContext } from '../trainer-context.ts';

/** A trainer with a database and a data folder of its own, both gone on dispose. */
export async function createTrainer(): Promise<TrainerContext & AsyncDisposable> {
  const db = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-trainer-'));
  return {
    db,
    dataDir,
    executor: await openExecutor({ executor: undefined, threads: 1 }),
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true });
    },
  };
}
