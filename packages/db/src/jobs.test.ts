import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { DuetError } from '@duet/base';
import type { Database } from './database.ts';
import { enqueue, type JobRequest, openJobQueue } from './jobs.ts';
import { createTestDatabase } from './testing.ts';

/** Polls what pg-boss stored until the job has left the states of waiting and running. */
async function settled(database: Database, id: string, wanted: string[] = ['completed', 'failed']) {
  for (const since = Date.now(); Date.now() - since < 60_000; ) {
    const { rows } = await database.pool.query<{ state: string; output: unknown; retry_count: number }>(
      'SELECT state, output, retry_count FROM pgboss.job WHERE id = $1',
      [id],
    );
    if (rows[0] && wanted.includes(rows[0].state)) return rows[0];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Job ${id} has not settled.`);
}

describe('jobs', { concurrency: true }, () => {
  test('reach the handler of their kind, queued from another connection, and keep its result', async () => {
    await using database = await createTestDatabase();
    await using queue = await openJobQueue(database);
    const done: JobRequest[] = [];
    await queue.work({
      train: async (job, { signal }) => {
        assert.equal(signal.aborted, false);
        done.push(job);
        return { modelId: 'm' };
      },
      import: async (job) => void done.push(job),
    });
    const train: JobRequest = { kind: 'train', runId: randomUUID() };
    const bring: JobRequest = { kind: 'import', runId: randomUUID() };
    const trained = await settled(database, await enqueue(database, train));
    const brought = await settled(database, await queue.send(bring));
    assert.deepEqual([trained.state, trained.output], ['completed', { modelId: 'm' }]);
    assert.equal(brought.state, 'completed');
    assert.deepEqual(done, [train, bring]);
  });

  test('fail for good when trying again is hopeless, and are tried again otherwise', async () => {
    await using database = await createTestDatabase();
    await using queue = await openJobQueue(database);
    await queue.work({
      index: async () => {
        throw new DuetError('bad-input', 'There is no such factory.');
      },
      evaluate: async () => {
        throw new Error('The disk is full.');
      },
    });
    const modelId = randomUUID();
    const hopeless = await settled(database, await queue.send({ kind: 'index', modelId, factory: 'Nope' }));
    assert.equal(hopeless.state, 'failed');
    assert.equal(hopeless.retry_count, 0);
    assert.deepEqual(hopeless.output, { code: 'bad-input', message: 'There is no such factory.' });
    const id = await queue.send({ kind: 'evaluate', modelId, split: 'leave-last-out' });
    const again = await settled(database, id, ['retry', 'failed', 'completed']);
    assert.equal(again.state, 'retry');
  });

  test('are not queued twice while the same one waits', async () => {
    await using database = await createTestDatabase();
    await using queue = await openJobQueue(database);
    const job: JobRequest = { kind: 'index', modelId: randomUUID() };
    await queue.send(job);
    await assert.rejects(queue.send(job), { code: 'conflict' });
    await queue.send({ ...job, factory: 'Flat' });
  });

  test('that are malformed are refused before they are queued', async () => {
    await using database = await createTestDatabase();
    await using queue = await openJobQueue(database);
    await assert.rejects(queue.send({ kind: 'train', runId: 'x' }), { code: 'bad-input' });
    await assert.rejects(queue.send({ kind: 'dance' } as never), { code: 'bad-input' });
  });

  test('are told when the queue stops, and go back to it', async () => {
    await using database = await createTestDatabase();
    const queue = await openJobQueue(database);
    const started = Promise.withResolvers<void>();
    await queue.work({
      train: async (_job, { signal }) => {
        started.resolve();
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    });
    const id = await queue.send({ kind: 'train', runId: randomUUID() });
    await started.promise;
    await queue.stop();
    assert.equal((await settled(database, id, ['retry', 'failed', 'completed'])).state, 'retry');
  });

  test('of a worker that is killed goes to another at once; what a living one does stays its own', async () => {
    await using database = await createTestDatabase();
    const program = `
      import { connect, openJobQueue } from '@duet/db';
      const queue = await openJobQueue(await connect(process.env.DATABASE_URL));
      await queue.work({ train: () => new Promise(() => process.send('begun')) });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      ...{ env: { ...process.env, DATABASE_URL: database.url, NODE_TEST_CONTEXT: undefined } },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await using queue = await openJobQueue(database);
    const id = await queue.send({ kind: 'train', runId: randomUUID() });
    await once(child, 'message');
    const taken: string[] = [];
    const { promise: kept, resolve: end } = Promise.withResolvers<void>();
    await queue.work({
      train: async (_job, context) => void taken.push(context.id),
      index: () => kept,
    });
    const jobId = await queue.send({ kind: 'index', modelId: randomUUID() });
    await settled(database, jobId, ['active']);
    await using third = await openJobQueue(database);
    await third.work({ index: async () => void taken.push('index') });
    // Two looks and more.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.deepEqual(taken, []);
    child.kill('SIGKILL');
    const killedAt = performance.now();
    assert.equal((await settled(database, id)).state, 'completed');
    const seconds = (performance.now() - killedAt) / 1000;
    assert.ok(seconds < 20, `${seconds} s`);
    end();
    assert.equal((await settled(database, jobId)).state, 'completed');
    assert.deepEqual(taken, [id]);
  });
});
