import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from './config.ts';
import { DuetError } from './error.ts';
import { readOrMakeSecret, readSecret } from './secrets.ts';
import { formatSeconds, pace } from './terminal.ts';

describe('configuration', () => {
  test('has a default for everything that is not a secret', () => {
    const config = loadConfig({});
    assert.equal(config.adminPort, 4100);
    assert.equal(config.databaseUrl, undefined);
    assert.match(config.dataDir, /\/data$/);
  });

  test('names the variable, its value and its meaning when a value is bad', () => {
    assert.throws(() => loadConfig({ DUET_ADMIN_PORT: 'door' }), /DUET_ADMIN_PORT is "door":.*Port of the admin app/);
    assert.throws(() => loadConfig({ DUET_RETRIEVAL_PORT: '70000' }), /DUET_RETRIEVAL_PORT is "70000"/);
  });

  test('refuses a schema of its own, which would be ignored, and takes the public one', () => {
    const url = 'postgresql://me:hunter22@host/db';
    for (const query of ['?schema=app', '?options=-c%20search_path%3Dapp']) {
      assert.throws(
        () => loadConfig({ DATABASE_URL: url + query }),
        /DATABASE_URL names a schema.*database of its own/,
      );
    }
    assert.equal(loadConfig({ DATABASE_URL: `${url}?schema=public` }).databaseUrl, `${url}?schema=public`);
  });

  test('does not repeat a secret in its error', () => {
    const secret = 'mysql://me:hunter22@host/db';
    assert.throws(
      () => loadConfig({ DATABASE_URL: secret }),
      (error: Error) => error.message.includes('DATABASE_URL') && !error.message.includes('hunter22'),
    );
  });

  test('reaches a service at the address that it listens on, IPv6 in brackets', () => {
    const reached = (env: NodeJS.ProcessEnv) => loadConfig({ DUET_RETRIEVAL_PORT: '5602', ...env }).retrievalUrl;
    assert.equal(reached({}), 'http://127.0.0.1:5602');
    assert.equal(reached({ DUET_HOST: '0.0.0.0' }), 'http://127.0.0.1:5602');
    for (const host of ['::', '::1']) assert.equal(new URL(reached({ DUET_HOST: host })).hostname, '[::1]');
    assert.equal(reached({ DUET_HOST: 'fd00::7' }), 'http://[fd00::7]:5602');
    assert.equal(reached({ DUET_RETRIEVAL_URL: 'https://duet.shop.example' }), 'https://duet.shop.example');
  });

  test('treats an empty variable as absent', () => {
    assert.equal(loadConfig({ DUET_ADMIN_PORT: '' }).adminPort, 4100);
  });
});

test('a DuetError says where, what and how to mend it', () => {
  const error = new DuetError('bad-input', 'it is not a number.', {
    where: { file: 'a.csv', line: 3, column: 'price' },
    fix: 'Write 1.50.',
  });
  assert.equal(error.message, 'a.csv:3, column price: it is not a number. Write 1.50.');
});

test('progress tells rate and time left', () => {
  assert.equal(formatSeconds(185), '3 min 05 s');
  const update = { step: 'train', done: 600, total: 1000, unit: 'rows' };
  assert.equal(pace(update, 100, 5), '100 rows/s, 4 s left');
  assert.equal(pace({ ...update, done: 20, total: 100, unit: '%' }, 0, 5), '20 s left');
  assert.equal(pace({ ...update, done: 100 }, 100, 0), '');
});

test('a secret is made once, kept, and readable by its owner alone', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'duet-secrets-'));
  try {
    const made = readOrMakeSecret(dataDir, 'session');
    assert.ok(made.length >= 24);
    assert.equal(readOrMakeSecret(dataDir, 'session'), made);
    assert.equal(statSync(path.join(dataDir, 'keys', 'session.key')).mode & 0o777, 0o600);
    assert.equal(readSecret(dataDir, 'other'), undefined);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
