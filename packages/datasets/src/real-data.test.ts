import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { repositoryRoot } from '@duet/base';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { importDataset } from './import.ts';
import { loadCatalogue, loadInteractions, loadUsers } from './load/dataset.ts';
import { splitDataset } from './load/splits.ts';
import { readImportRequest } from './request.ts';

// The expected numbers are those of the data's own documentation (shared/data/README.md beside the repository).
const shared = path.join(repositoryRoot(), '../shared/data');

let db: Database;
let dataDir: string;
before(async () => {
  db = await createTestDatabase();
  dataDir = await mkdtemp(path.join(tmpdir(), 'duet-real-'));
});
after(async () => {
  await db[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true });
});

test('the example imports whole: 396,241 purchases of 4,334 users and 3,656 items in 20 categories', async () => {
  const request = await readImportRequest(path.join(repositoryRoot(), 'examples/online-retail/import.json'));
  const { datasetId, rows, users, items, rejected, summary } = await importDataset({ db, dataDir }, request);
  assert.deepEqual({ rows, users, rejected }, { rows: 396_241, users: 4_334, rejected: 0 });
  assert.equal(items - summary.items.withoutInteractions, 3_656);
  assert.equal(summary.interactions.cancellations.rows, 8_536);
  assert.equal((await loadCatalogue({ db, dataDir }, datasetId)).categories.length, 20);
  assert.deepEqual(Object.keys((await loadUsers({ db, dataDir }, datasetId)).attributes), ['country']);

  const x = await loadInteractions({ db, dataDir }, datasetId);
  // 17850,21730,1291191960,purchase,536365,6,4.25 is the file's first row.
  const row = x.user.findIndex(
    (user, at) => x.users[user] === '17850' && x.items[x.item[at]!] === '21730' && x.time[at] === 1_291_191_960,
  );
  assert.equal(x.valueMinor[row], 6 * 425);
  const sorted = Array.from(x.user.keys().drop(1)).every(
    (at) => x.user[at - 1]! < x.user[at]! || (x.user[at - 1] === x.user[at] && x.time[at - 1]! <= x.time[at]!),
  );
  assert.ok(sorted);
});

for (const [set, rows, rule, evaluated, columns] of [
  ['ml-1m', 1_000_209, 'leave-last-out', 6_038, { position: 'is_last' }],
  ['amazon-beauty', 198_502, 'leave-last-out', 22_311, {}],
  ['amazon-book', 846_434, 'given', 70_591, {}],
] as const) {
  const file = (name: string) => path.join(shared, set, `${name}.csv.gz`);
  test(`${set} has ${evaluated} users to evaluate by the split ${rule}`, {
    skip: !existsSync(file('items')),
  }, async () => {
    const request = { name: set, interactions: file('interactions'), items: file('items'), columns };
    const result = await importDataset({ db, dataDir }, request);
    assert.equal(result.rows, rows);
    const split = splitDataset(await loadInteractions({ db, dataDir }, result.datasetId), rule);
    assert.equal(split.evaluations.length, evaluated);
  });
}
