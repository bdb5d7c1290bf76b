import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import fc from 'fast-check';
import { importDataset } from './import.ts';
import { type Interactions, loadCatalogue, loadInteractions, loadUsers } from './load/dataset.ts';
import { splitDataset } from './load/splits.ts';
import type { ImportRequest } from './request.ts';

let db: Database;
let folder: string;
let dataDir: string;
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'duet-sides-'));
  dataDir = path.join(folder, 'data');
});
after(async () => {
  await db[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const write = async (name: string, content: string): Promise<string> => {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
};

let names = 0;
const load = (request: Omit<ImportRequest, 'name'>) =>
  importDataset({ db, dataDir }, { name: `set ${names++}`, ...request });

/** Every interaction as "left right". */
const pairs = (x: Interactions) => Array.from(x.user, (user, row) => `${x.users[user]} ${x.items[x.item[row]!]}`);

describe('queries and items', () => {
  const clicks =
    'user_id,query_id,item_id,split\nann,q1,cup,train\nbob,q1,cup,train\nbob,q2,jug,train\nann,q2,cup,test\nbob,q1,cup,test\n';

  test('a query has its text and context, and wants an item again that it led to before', async () => {
    const interactions = await write('clicks.csv', clicks);
    const users = await write('queries.csv', 'query_id,query,language\nq1,tea cup,en\nq2,water jug,en\n');
    const { datasetId } = await load({ interactions, users, left: 'query', context: ['user_id'] });
    const x = await loadInteractions({ db, dataDir }, datasetId);
    assert.deepEqual(x.users, ['q1', 'q2']);
    assert.deepEqual(x.sides, { left: 'query', right: 'item', symmetric: false });
    assert.deepEqual(x.context, { user_id: { values: ['ann', 'bob'], code: Int32Array.of(0, 1, 1, 1, 0) } });
    assert.deepEqual(await loadUsers({ db, dataDir }, datasetId), {
      title: ['tea cup', 'water jug'],
      attributes: { language: ['en', 'en'] },
    });
    const { evaluations } = splitDataset(x, 'given');
    assert.deepEqual(
      evaluations.map(({ user, targets, seen }) => [
        x.users[user],
        [...targets].map((item) => x.items[item]),
        seen.length,
      ]),
      [
        ['q1', ['cup'], 0],
        ['q2', ['cup'], 0],
      ],
    );
  });

  test('a query without an id is its own text', async () => {
    const interactions = await write('texts.csv', 'query,item\ntea cup,cup\nwater jug,jug\n');
    const { datasetId } = await load({ interactions, left: 'query' });
    assert.deepEqual((await loadUsers({ db, dataDir }, datasetId)).title, ['tea cup', 'water jug']);
  });

  test('a context column that is missing is named', async () => {
    const interactions = await write('missing.csv', clicks);
    await assert.rejects(load({ interactions, left: 'query', context: ['device'] }), {
      code: 'bad-input',
      message: /no column "device" \(of the context\); the file's columns are user_id, query_id, item_id, split/,
    });
  });
});

describe('users and users', () => {
  const friends = 'user_id,friend_id\na,b\nb,a\na,c\nd,c\nc,c\n';

  test('one file describes both sides, and nobody is their own friend', async () => {
    const interactions = await write('friends.csv', friends);
    const users = await write('people.csv', 'user_id,name,country\na,Ann,FR\nb,Bob,\ne,Eve,ES\n,Nobody,\n');
    const plays = await write('plays.csv', 'user_id,artist,weight\na,x,1\na,y,2\na,x,3\nc,y,1\n,y,1\n');
    const userLists = { artists: { file: plays, id: 'user_id', value: 'artist' } };
    const { datasetId, summary } = await load({ interactions, users, userLists, right: 'user' });
    const x = await loadInteractions({ db, dataDir }, datasetId);
    assert.deepEqual(pairs(x), ['a b', 'a c', 'b a', 'd c']);
    const people = await loadUsers({ db, dataDir }, datasetId);
    assert.deepEqual(people, {
      title: ['Ann', 'Bob', ''],
      attributes: { country: ['FR', '', ''], artists: ['x|y', '', ''] },
    });
    const { ids, title, attributes } = await loadCatalogue({ db, dataDir }, datasetId);
    assert.deepEqual({ ids, title }, { ids: ['a', 'b', 'c', 'e'], title: ['Ann', 'Bob', '', 'Eve'] });
    assert.deepEqual(attributes, { country: ['FR', '', '', 'ES'], artists: ['x|y', '', 'y', ''] });
    assert.deepEqual(summary.rejected.byReason, { 'no user': 1, 'no id': 1, 'both sides are the same user': 1 });
  });

  test('friendships hold in both directions, each once', async () => {
    const interactions = await write('mutual.csv', friends);
    const { datasetId, rows } = await load({ interactions, right: 'user', symmetric: true });
    assert.equal(rows, 6);
    assert.deepEqual(pairs(await loadInteractions({ db, dataDir }, datasetId)).sort(), [
      'a b',
      'a c',
      'b a',
      'c a',
      'c d',
      'd c',
    ]);
    await assert.rejects(load({ interactions, symmetric: true }), {
      code: 'bad-input',
      message: /field symmetric: Only interactions of users with users are symmetric/,
    });
  });

  test('in no split is a user found for themselves, or given away by the other direction of what is held out', () => {
    const edges = fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 60 });
    const rules = fc.constantFrom('leave-last-out', 'random:0.5', 'time:0.5');
    fc.assert(
      fc.property(edges, rules, (drawn, rule) => {
        const once = new Map(
          drawn.filter(([a, b]) => a !== b).map(([a, b, t]) => [`${Math.min(a, b)} ${Math.max(a, b)}`, t]),
        );
        const rows = [...once]
          .flatMap(([key, time]) => {
            const [a, b] = key.split(' ').map(Number) as [number, number];
            return [
              [a, b, time],
              [b, a, time],
            ] as const;
          })
          .sort(([a, , s], [b, , t]) => a - b || s - t);
        // The sides number the same ids differently.
        const x: Interactions = {
          users: Array.from({ length: 10 }, (_, i) => `p${i}`),
          items: Array.from({ length: 10 }, (_, i) => `p${9 - i}`),
          user: Int32Array.from(rows, ([user]) => user),
          item: Int32Array.from(rows, ([, other]) => 9 - other),
          time: Float64Array.from(rows, ([, , time]) => time),
          weight: new Float32Array(rows.length).fill(1),
          valueMinor: new Float64Array(rows.length),
          sides: { left: 'user', right: 'user', symmetric: true },
        };
        let split: ReturnType<typeof splitDataset>;
        try {
          split = splitDataset(x, rule, { minTrain: 1 });
        } catch {
          return;
        }
        const learnt = new Set([...split.train].map((row) => `${x.user[row]} ${9 - x.item[row]!}`));
        for (const { user, targets, seen } of split.evaluations) {
          assert.ok(seen.includes(9 - user));
          assert.ok(!targets.includes(9 - user));
          for (const item of targets) assert.ok(!learnt.has(`${9 - item} ${user}`));
        }
      }),
    );
  });
});

test('a list whose column is missing is named with the columns that there are', async () => {
  const interactions = await write('ui.csv', 'user,item\na,b\n');
  const itemLists = {
    tags: { file: await write('tags.csv', 'item,tag\nb,red\nb,blue\n'), id: 'item', value: 'label' },
  };
  await assert.rejects(load({ interactions, itemLists }), {
    code: 'bad-input',
    message: /no column "label" \(for the list "tags"\); the file's columns are item, tag/,
  });
  itemLists.tags.value = 'tag';
  const { datasetId } = await load({ interactions, itemLists });
  assert.deepEqual((await loadCatalogue({ db, dataDir }, datasetId)).attributes, { tags: ['blue|red'] });
});
