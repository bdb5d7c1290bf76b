import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openExecutor } from '@duet/artifact';
import { createLogger, DuetError } from '@duet/base';
import { createTestDatabase } from '@duet/db/testing';
import { jobHandlers } from './handlers.ts';

test('a job for a run that is not there says so, and one for a broken request names the field', async () => {
  await using db = await createTestDatabase();
  const executor = await openExecutor({ executor: undefined, threads: 1 });
  const logger = createLogger({ logLevel: 'silent' }, 'worker');
  const handlers = jobHandlers({ db, dataDir: '/nonexistent', executor, logger });
  const running = { id: 'job', signal: new AbortController().signal };
  const runId = '00000000-0000-7000-8000-000000000000';
  await assert.rejects(
    async () => handlers.train!({ kind: 'train', runId }, running),
    (error) => error instanceof DuetError && error.code === 'not-found' && error.message.includes(runId),
  );
  await assert.rejects(
    async () => handlers.import!({ kind: 'import', request: { name: '' } }, running),
    /interactions/,
  );
});
