import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openExecutor } from '@duet/artifact';
import { createLogger, DuetError } from '@duet/base';
import { createTestDatabase } from '@duet/db/testing';
import { jobHandlers } from './handlers.ts';

test('a job for a run that is not there says so', async () => {
  await using db = await createTestDatabase();
  const executor = await openExecutor({ executor: undefined, threads: 1 });
  const logger = createLogger({ logLevel: 'silent' }, 'worker');
  const handlers = jobHandlers({ db, dataDir: '/nonexistent', executor, logger });
  const running = { id: 'job', signal: new AbortController().signal };
  const runId = '00000000-0000-7000-8000-000000000000';
  for (const job of [
    () => handlers.train!({ kind: 'train', runId }, running),
    () => handlers.import!({ kind: 'import', runId }, running),
    () => handlers.recommend!({ kind: 'recommend', runId }, running),
  ]) {
    await assert.rejects(
      async () => job(),
      (error) => error instanceof DuetError && error.code === 'not-found' && error.message.includes(runId),
    );
  }
});
