import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ChosenExecutor, openExecutor } from '@duet/artifact';
import { importDataset } from '@duet/datasets';
import type { Database, Prisma } from '@duet/db';
import { createTestDatabase, loadFixture, type Place } from '@duet/db/testing';
import { seededRng } from '@duet/random';
import { trainModel } from '@duet/trainer';
import { trainRanker } from './train.ts';

/** A shop small enough to train on within a test: two real models and a ranker, in a database and folder of its own. */
export interface TinyShop extends AsyncDisposable {
  db: Database;
  dataDir: string;
  executor: ChosenExecutor;
  datasetId: string;
  twoTower: string;
  dat: string;
  rankerId: string;
}

export const tinySplit = 'time:0.8';
const categories = ['mugs', 'lamps', 'clocks', 'frames'];
const users = 200;
const items = 120;
const visits = 8;

/** Users mostly buy in one category, in which some items are liked more than others: so there is something to learn. */
function tinyData(): { interactions: string; items: string; users: string } {
  const random = seededRng(7);
  const perCategory = items / categories.length;
  const price = (item: number) => (2 + (item % 17) * 1.5).toFixed(2);
  const lines = ['user_id,item_id,timestamp,price'];
  for (let user = 0; user < users; user++) {
    for (let visit = 0; visit < visits; visit++) {
      const time = 1_700_000_000 + Math.floor(random() * 300 * 86_400);
      for (let line = 0; line < 2; line++) {
        const category = random() < 0.8 ? user % categories.length : Math.floor(random() * categories.length);
        const item = category * perCategory + Math.floor(perCategory * random() ** 2);
        lines.push(`u${user},i${item},${time},${price(item)}`);
      }
    }
  }
  const titles = Array.from({ length: items }, (_, item) => {
    const category = categories[Math.floor(item / perCategory)]!;
    return `i${item},${category.slice(0, -1)} number ${item},${category},${price(item)}`;
  });
  return {
    interactions: lines.join('\n'),
    items: ['item_id,title,category,price', ...titles].join('\n'),
    users: ['user_id,country', ...Array.from({ length: users }, (_, u) => `u${u},${['FR', 'UK', 'DE'][u % 3]}`)].join(
      '\n',
    ),
  };
}

/** What of the shop is in its database and data folder. */
type TinyShopIds = Pick<TinyShop, 'datasetId' | 'twoTower' | 'dat' | 'rankerId'>;

async function makeTinyShop({ db, dataDir }: Place): Promise<TinyShopIds> {
  const files: Record<string, string> = {};
  for (const [name, text] of Object.entries(tinyData())) {
    files[name] = path.join(dataDir, `${name}.csv`);
    await writeFile(files[name], `${text}\n`);
  }
  const { interactions, items: itemFile, users: userFile } = files;
  const ctx = { db, dataDir, executor: await openExecutor({ executor: undefined, threads: 1 }) };
  const request = { name: 'tiny', interactions: interactions!, items: itemFile, users: userFile };
  const { datasetId } = await importDataset(ctx, request);
  const set = { epochs: 6, batch: 64, negatives: 64, layers: [32, 16], augmentedDims: 16, tableLearningRate: 0.05 };
  const train = async (kind: string, over: object) => {
    const { modelId } = await trainModel(ctx, { datasetId, kind, split: tinySplit, set: { ...set, ...over } });
    return modelId;
  };
  const twoTower = await train('two-tower', { augmentedDims: 0 });
  const dat = await train('dat', {});
  const { rankerId } = await trainRanker(ctx, { datasetId, modelIds: [twoTower, dat], split: tinySplit });
  await register(db, { kind: 'two-tower', modelId: twoTower, datasetId, set });
  const registeredModelId = await register(db, { kind: 'dat', modelId: dat, datasetId, set });
  await db.prisma.deployment.create({ data: { datasetId, registeredModelId } });
  return { datasetId, twoTower, dat, rankerId };
}

/** A registered model whose champion is the given one: packages/pipeline, which does it for shops, is a layer above. */
async function register(
  { prisma }: Database,
  { kind, modelId, datasetId, set }: { kind: string; modelId: string; datasetId: string; set: Prisma.InputJsonObject },
): Promise<string> {
  const { id } = await prisma.registeredModel.create({
    data: { datasetId, name: kind, kind, preset: 'fast', parameters: set, championId: modelId },
  });
  await prisma.model.update({ where: { id: modelId }, data: { registeredModelId: id, version: 1 } });
  await prisma.championChange.create({ data: { registeredModelId: id, toModelId: modelId, actor: 'test' } });
  return id;
}

/** Puts the shop, trained once for all who ask, into an empty database and data folder. */
export const loadTinyShop = (place: Place): Promise<TinyShopIds> =>
  loadFixture(place, { name: 'tiny-shop', madeBy: '@duet/ranking', make: makeTinyShop });

export async function createTinyShop(): Promise<TinyShop> {
  await using opened = new AsyncDisposableStack();
  const db = opened.use(await createTestDatabase());
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-shop-'));
  opened.defer(() => rm(dataDir, { recursive: true }));
  const ids = await loadTinyShop({ db, dataDir });
  const executor = await openExecutor({ executor: undefined, threads: 1 });
  const owned = opened.move();
  return { db, dataDir, executor, ...ids, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
