import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import { importDataset } from '../import.ts';
import { loadInteractions, loadUsers } from '../load/dataset.ts';
import { forgetUser } from './forget-user.ts';
import { rowsOfUser } from './user-rows.ts';

test('a user is forgotten in every part, the attributes, the rejected rows and the snapshots; nobody else is', async (t) => {
  await using db = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-forget-'));
  t.after(() => rm(folder, { recursive: true }));
  const ctx = { db, dataDir: path.join(folder, 'data') };
  const write = async (name: string, text: string) => {
    await writeFile(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const header = 'user_id,item_id,timestamp,order_id,price\n';
  const interactions = await write(
    'first.csv',
    `${header}ann-e,cup,1700000000,o1,2.50\nann-e,jug,1700000001,o1,2.50\nbob,jug,1700000100,o2,9.99\nann,pot,1700000101,o3,1\n` +
      // The same visitor before somebody logged in, and somebody else after it.
      'visitor-1,cup,1700000050,o7,1\nvisitor-1,cup,1700000500,o8,1\n',
  );
  const users = await write('users.csv', 'user_id,country\nann-e,IT\nbob,SE\n');
  const { datasetId, snapshot } = await importDataset(ctx, { name: 'shop', interactions, users });
  const second = await write(
    'second.csv',
    `${header}bob,cup,1700009000,o5,2.50\nann-e,pot,1700009001,o6,1\nann-e,cup,never,o4,2\n`,
  );
  await importDataset(ctx, { into: 'shop', interactions: second });
  await db.prisma.model.create({ data: { datasetId, snapshotId: snapshot, name: 'old', kind: 'dat', parameters: {} } });
  await db.prisma.userAlias.create({
    data: { datasetId, anonymousId: 'visitor-1', userId: 'ann-e', at: new Date(1_700_000_060_000) },
  });
  await db.prisma.userAlias.create({
    data: { datasetId, anonymousId: 'visitor-1', userId: 'bob', at: new Date(1_700_000_600_000) },
  });
  for (const [userId, time] of [
    ['ann-e', 1],
    ['visitor-1', 1_700_000_001],
    ['visitor-1', 1_700_000_300],
    ['bob', 1],
  ] as const) {
    await db.prisma.pendingInteraction.create({ data: { datasetId, row: { userId, itemId: 'cup', time } } });
  }
  const known = await rowsOfUser(ctx, datasetId, 'ann-e');
  assert.deepEqual(
    known.interactions.map(({ userId, itemId, orderId }) => [userId, itemId, orderId]),
    [
      ['ann-e', 'cup', 'o1'],
      ['ann-e', 'jug', 'o1'],
      ['visitor-1', 'cup', 'o7'],
      ['ann-e', 'pot', 'o6'],
    ],
  );
  assert.deepEqual([known.pending.length, known.attributes], [2, { country: 'IT' }]);

  const counts = await forgetUser(ctx, datasetId, 'ann-e', async () => {
    await db.prisma.userAlias.deleteMany({ where: { datasetId, userId: 'ann-e' } });
  });
  assert.deepEqual(counts, {
    ...{ interactions: 4, parts: 2, pending: 2, attributes: 1, rejected: 1, anonymised: 1 },
  });
  const now = await loadInteractions(ctx, datasetId);
  assert.deepEqual([...now.users].sort(), ['ann', 'bob']);
  assert.equal(now.user.length, 4);
  const before = await loadInteractions(ctx, datasetId, snapshot);
  assert.equal(before.user.length, 6, 'what the model saw is as long as it was');
  assert.deepEqual(before.users.filter((id) => !id.startsWith('forgotten-')).sort(), ['ann', 'bob', 'visitor-1']);
  const { attributes } = await loadUsers(ctx, datasetId, snapshot);
  assert.ok(!JSON.stringify(attributes).includes('IT'));

  const home = path.join(ctx.dataDir, 'datasets', datasetId);
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(path.join(entry.parentPath, entry.name));
    assert.ok(!bytes.includes('ann-e'), entry.name);
  }
  const again = await forgetUser(ctx, datasetId, 'ann-e');
  assert.deepEqual([again.interactions, again.pending, again.anonymised], [0, 0, 0]);
  const after = await rowsOfUser(ctx, datasetId, 'ann-e');
  assert.deepEqual(after, { interactions: [], pending: [], title: '', attributes: {} });
  // Nobody is left.
  for (const userId of ['ann', 'bob', 'visitor-1']) await forgetUser(ctx, datasetId, userId);
  assert.equal((await loadInteractions(ctx, datasetId)).user.length, 0);
});
