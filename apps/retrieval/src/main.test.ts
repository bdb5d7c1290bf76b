import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { HealthAnswer } from '@duet/client';
import type { Database } from '@duet/db';
import { createTestDatabase, freePort } from '@duet/db/testing';

const port = await freePort();

describe('the retrieval process', () => {
  let db: Database;
  let dataDir: string;
  const started: ChildProcess[] = [];
  before(async () => {
    db = await createTestDatabase();
    dataDir = await mkdtemp(path.join(tmpdir(), 'duet-retrieval-'));
  });
  after(async () => {
    for (const child of started) child.kill('SIGKILL');
    await db[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });

  const start = () => {
    const env = {
      ...process.env,
      DATABASE_URL: db.url,
      DUET_DATA_DIR: dataDir,
      DUET_RETRIEVAL_PORT: String(port),
      NODE_TEST_CONTEXT: undefined,
    };
    const child = fork(path.join(import.meta.dirname, 'main.ts'), { env, stdio: 'pipe' });
    started.push(child);
    let log = '';
    child.stderr!.on('data', (text) => {
      log += text;
    });
    const ended = once(child, 'exit').then(([code]) => ({ code, log }));
    const ready = Promise.race([
      once(child, 'message').then(([message]) => message as { ready: string }),
      ended.then(({ code }) => assert.fail(`it ended with ${code}: ${log}`)),
    ]);
    return { child, ready, ended };
  };

  test('tells its parent the address, serves health before there is a model, and ends at SIGTERM', async () => {
    const { child, ready, ended } = start();
    const { ready: url } = await ready;
    assert.equal(url, `http://127.0.0.1:${port}`);
    const health = (await (await fetch(`${url}/health`)).json()) as HealthAnswer;
    assert.equal(health.status, 'starting');
    assert.equal((await fetch(`${url}/ready`)).status, 503);
    const secret = 'duet_secretkeysecretkeysecretkeysecretkey';
    const options = {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    };
    const refused = await fetch(`${url}/trpc/history?shopper=u1`, { ...options, body: '{"userId":"u1","limit":1}' });
    assert.equal(refused.status, 401);
    child.kill('SIGTERM');
    const { code, log } = await ended;
    assert.equal(code, 0);
    const line = log.split('\n').find((text) => text.includes('/trpc/history'));
    assert.match(line!, /"method":"POST","path":"\/trpc\/history","status":401/);
    assert.ok(!log.includes('secretkey'), 'the log holds no key');
    assert.ok(!log.includes('shopper=u1'), 'nor what the request was about');
  });

  test('ends when its supervisor does', async () => {
    const { child, ready, ended } = start();
    await ready;
    child.disconnect();
    assert.equal((await ended).code, 0);
  });

  test('says in one sentence that its port is taken', async () => {
    const squatter = net.createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    try {
      const { ended, ready } = start();
      await assert.rejects(ready);
      const { code, log } = await ended;
      assert.equal(code, 1);
      const sentence = log.split('\n').find((line) => line !== '' && !line.startsWith('{'));
      assert.match(
        sentence!,
        new RegExp(String.raw`^Port ${port} on 127\.0\.0\.1 is in use .*DUET_RETRIEVAL_PORT to a free port\.$`),
      );
    } finally {
      squatter.close();
    }
  });
});
