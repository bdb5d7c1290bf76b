import { execFile } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { repositoryRoot } from '@duet/base';
import { say } from '../bench.ts';

/** What is served: two models over one catalogue, and a second index of the first. */
export interface Shop {
  dataDir: string;
  items: number;
  users: number;
  modelA: string;
  indexA: string;
  secondIndexA: string;
  modelB: string;
  indexB: string;
}

/** Users asked for. All have their vectors in the service's cache, as the bare server has them in an array. */
const users = 10_000;
const purchasesPerUser = 20;
const categories = 500;

/** A linear congruential generator (Numerical Recipes, §7.1): the same shop every time. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Each user buys in two categories of their own, so that there is something to learn. */
export async function writeFiles(
  folder: string,
  items: number,
  users: number,
): Promise<{ interactions: string; catalogue: string }> {
  const uniform = random(7);
  const catalogue = path.join(folder, 'items.csv');
  const interactions = path.join(folder, 'interactions.csv');
  const write = async (file: string, head: string, count: number, line: (row: number) => string) => {
    const stream = createWriteStream(file);
    stream.write(`${head}\n`);
    for (let row = 0; row < count; row += 1000) {
      const lines = Array.from({ length: Math.min(1000, count - row) }, (_, i) => line(row + i));
      if (!stream.write(`${lines.join('\n')}\n`))
        await new Promise<void>((resolve) => stream.once('drain', () => resolve()));
    }
    stream.end();
    await finished(stream);
  };
  await write(
    catalogue,
    'item_id,title,category,price',
    items,
    (item) =>
      `item-${item},Synthetic article number ${item},Category ${item % categories},${(1 + 99 * uniform()).toFixed(2)}`,
  );
  const perCategory = Math.floor(items / categories);
  await write(interactions, 'user_id,item_id,timestamp', users * purchasesPerUser, (row) => {
    const user = row % users;
    const category = (user * 7 + (uniform() < 0.5 ? 0 : 131)) % categories;
    const item = category + categories * Math.floor(perCategory * uniform() ** 2);
    return `user-${user},item-${item},${1_700_000_000 + row}`;
  });
  return { interactions, catalogue };
}

/** `duet` on a database and a data folder: what a command answered. */
export const commands =
  (databaseUrl: string, dataDir: string) =>
  async (...args: string[]): Promise<Record<string, string>> => {
    say(`duet ${args.slice(0, 4).join(' ')} …`);
    const main = path.join(repositoryRoot(), 'apps/cli/src/main.ts');
    const env = { ...process.env, DATABASE_URL: databaseUrl };
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, '--json', '--data-dir', dataDir], {
      env,
      maxBuffer: 2 ** 28,
    });
    return JSON.parse(stdout);
  };

/** The shop in its folder: imported, trained and indexed by `duet` itself, once. */
export async function prepareShop(items: number, databaseUrl: string, dataDir: string): Promise<Shop> {
  const note = path.join(dataDir, 'shop.json');
  if (existsSync(note)) return JSON.parse(await readFile(note, 'utf8')) as Shop;
  const duet = commands(databaseUrl, dataDir);
  await mkdir(dataDir, { recursive: true });
  const { interactions, catalogue } = await writeFiles(dataDir, items, users);
  const imported = await duet('import', '--name', 'bench', '--interactions', interactions, '--items', catalogue);
  const dataset = imported.datasetId!;
  const train = async (seed: number) => {
    const settings = ['--preset', 'fast', '--set', 'epochs=1', '--split', 'time:0.8', '--seed', String(seed)];
    return (await duet('train', '--dataset', dataset, '--model', 'two-tower', ...settings)).modelId!;
  };
  const index = async (model: string) => (await duet('index', '--model', model)).indexId!;
  const modelA = await train(1);
  const indexA = await index(modelA);
  await duet('train-ranker', '--dataset', dataset, '--split', 'time:0.8', '--model', modelA);
  const secondIndexA = await index(modelA);
  const modelB = await train(2);
  const indexB = await index(modelB);
  const shop: Shop = { dataDir, items, users, modelA, indexA, secondIndexA, modelB, indexB };
  await writeFile(note, JSON.stringify(shop));
  return shop;
}
