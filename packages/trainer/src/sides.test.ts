import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openModel } from '@duet/artifact';
import { repositoryRoot } from '@duet/base';
import { importDataset } from '@duet/datasets';
import { seededRng } from '@duet/random';
import { evaluateBaseline } from './evaluation/judge.ts';
import { createTrainer } from './testing/trainer.ts';
import { trainModel } from './train.ts';

let ctx: Awaited<ReturnType<typeof createTrainer>>;
before(async () => {
  ctx = await createTrainer();
});
after(() => ctx[Symbol.asyncDispose]());

const write = async (name: string, lines: readonly string[]): Promise<string> => {
  const file = path.join(ctx.dataDir, name);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
};
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const small = { layers: [16], batch: 64, negatives: 64, idDims: 16, tableLearningRate: 0.02, augmentedDims: 0 };

describe('queries and items', () => {
  const kinds = ['cup', 'jug', 'hat', 'bag', 'tea', 'pen', 'key', 'toy', 'box', 'mat'];
  const colours = ['red', 'blue', 'green', 'black'];
  let datasetId: string;
  let modelId: string;

  before(async () => {
    // A query "<colour> <kind>" leads to the thirty items of its kind. The black ones are asked for the first time in
    // the test.
    const queries = colours.flatMap((colour) => kinds.map((kind) => ({ colour, kind })));
    const clicks = queries.flatMap(({ colour, kind }, query) =>
      range(30).map((item) => `${query},${kind}-${item},${colour === 'black' ? 'test' : 'train'}`),
    );
    ({ datasetId } = await importDataset(ctx, {
      name: 'queries',
      left: 'query',
      interactions: await write('clicks.csv', ['query_id,item_id,split', ...clicks]),
      users: await write('queries.csv', [
        'query_id,query',
        ...queries.map(({ colour, kind }, i) => `${i},${colour} ${kind}`),
      ]),
    }));
    const set = { ...small, epochs: 10, history: 0, userIdDropout: 0.5 };
    ({ modelId } = await trainModel(ctx, { datasetId, kind: 'two-tower', set }));
  });

  test('a query that nobody asked in training is answered by its words, which popularity cannot', async () => {
    const model = await ctx.db.prisma.model.findUniqueOrThrow({ where: { id: modelId } });
    const { given } = model.metrics as Record<string, { users: number; metrics: Record<string, number> }>;
    const popularity = await evaluateBaseline(ctx, { datasetId, kind: 'popularity' });
    assert.equal(given!.users, kinds.length);
    // 30 of the 50 shown can be right, of 300 items.
    assert.ok(given!.metrics['Recall@50']! > 0.9, String(given!.metrics['Recall@50']));
    assert.ok(popularity.evaluation.metrics['Recall@50']! < 0.25);
  });

  test('a query that is typed is answered by its words, one of unknown words is a stranger, and nothing is hidden', async () => {
    await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
    const { vectors, known } = await model.encodeUsers(['Black TOY!', 'zither', '0']);
    assert.deepEqual(known, [true, false, true]);
    const scores = model.items.map((_, item) => {
      let sum = 0;
      for (let d = 0; d < model.dimensions; d++) sum += vectors[d]! * model.itemVectors[item * model.dimensions + d]!;
      return sum;
    });
    const best = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 20);
    assert.ok(best.filter((item) => model.items[item]!.startsWith('toy')).length > 18);
    assert.deepEqual(model.seen('0'), []);
  });
});

describe('users and users', () => {
  test('friends of friends are found, never oneself, better than by popularity', async () => {
    // Six circles of twenty people, each knowing a third of their own circle.
    const rng = seededRng(5);
    const edges = range(120).flatMap((a) =>
      range(120)
        .filter((b) => a < b && a % 6 === b % 6 && rng() < 1 / 3)
        .map((b) => `p${a},p${b}`),
    );
    const { datasetId } = await importDataset(ctx, {
      name: 'friends',
      right: 'user',
      symmetric: true,
      interactions: await write('friends.csv', ['user_id,friend_id', ...edges]),
    });
    const popularity = await evaluateBaseline(ctx, { datasetId, kind: 'popularity' });
    const set = { ...small, epochs: 15 };
    const { modelId, evaluation } = await trainModel(ctx, { datasetId, kind: 'two-tower', set });
    assert.equal(evaluation!.split, 'random:0.8');
    const [found, popular] = [evaluation!, popularity.evaluation].map(({ metrics }) => metrics.MRR!);
    assert.ok(found! > 2 * popular!, `${found} and ${popular}`);
    await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
    assert.ok(model.seen('p7').includes(model.itemRow.get('p7')!) && model.seen('p7').length > 1);
    assert.deepEqual(model.seen('stranger'), []);
  });
});

describe('real data', () => {
  const file = (set: string, name: string) => path.join(repositoryRoot(), '../shared/data', set, `${name}.csv.gz`);

  test('friendships of lastfm-2k: two-tower finds more than popularity and item-kNN', {
    skip: !existsSync(file('lastfm-2k', 'user_user')),
  }, async () => {
    const { datasetId, rows } = await importDataset(ctx, {
      name: 'lastfm-2k',
      interactions: file('lastfm-2k', 'user_user'),
      right: 'user',
      symmetric: true,
      userLists: { artists: { file: file('lastfm-2k', 'interactions'), id: 'user_id', value: 'item_id' } },
    });
    assert.equal(rows, 2 * 12_717);
    const knn = await evaluateBaseline(ctx, { datasetId, kind: 'item-knn' });
    const { evaluation } = await trainModel(ctx, {
      datasetId,
      kind: 'two-tower',
      set: { epochs: 3, negatives: 64, layers: [32] },
    });
    assert.ok(evaluation!.metrics['HR@50']! > knn.evaluation.metrics['HR@50']!);
  });

  test('queries of amazon-product-search-cell: two-tower answers unseen ones better than popularity', {
    skip: !existsSync(file('amazon-product-search-cell', 'queries')),
  }, async () => {
    const { datasetId } = await importDataset(ctx, {
      name: 'amazon-product-search-cell',
      left: 'query',
      interactions: file('amazon-product-search-cell', 'interactions'),
      items: file('amazon-product-search-cell', 'items'),
      users: file('amazon-product-search-cell', 'queries'),
    });
    const popularity = await evaluateBaseline(ctx, { datasetId, kind: 'popularity' });
    const { evaluation } = await trainModel(ctx, {
      datasetId,
      kind: 'two-tower',
      set: { epochs: 2, negatives: 64, layers: [32], userIdDropout: 0.5 },
    });
    assert.equal(evaluation!.users, 30);
    assert.ok(evaluation!.metrics['HR@50']! > popularity.evaluation.metrics['HR@50']!);
  });
});
