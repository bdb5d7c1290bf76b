import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { repositoryRoot } from '@duet/base';
import { loadFixture, type Place } from '@duet/db/testing';
import { importDataset } from './import.ts';
import { type ImportRequest, readImportRequest } from './request.ts';

const example = 'examples/online-retail';
const tables = ['interactions', 'items', 'users'] as const;
const fileOf = (table: (typeof tables)[number]): string => `${example}/${table}.csv.gz`;

/**
 * Writes the files of online-retail to a folder, with some of its users alone, and the items that these bought.
 *
 * @returns their paths
 */
export async function cutExample(folder: string, keeps: (userId: number) => boolean) {
  const [log, items, users] = await Promise.all(
    tables.map(async (table) =>
      gunzipSync(await readFile(path.join(repositoryRoot(), fileOf(table))))
        .toString()
        .split('\n'),
    ),
  );
  const first = (row: string) => row.slice(0, row.indexOf(','));
  const cut = (rows: string[], keep: (row: string) => boolean) => rows.filter((row, at) => at === 0 || keep(row));
  const orders = cut(log!, (row) => keeps(Number(first(row))));
  const bought = new Set(orders.map((row) => row.split(',', 2)[1]));
  const [interactions, catalogue, customers] = ['orders.csv.gz', 'products.csv', 'customers.csv'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string];
  await Promise.all([
    writeFile(interactions, gzipSync(orders.join('\n'), { level: 1 })),
    writeFile(catalogue, cut(items!, (row) => bought.has(first(row))).join('\n')),
    writeFile(customers, cut(users!, (row) => keeps(Number(first(row)))).join('\n')),
  ]);
  return { interactions, items: catalogue, users: customers };
}

/** Imports of online-retail, the ids of their datasets. Customer 17850, the first of its file, is in each. */
export interface Examples {
  /** As its own import.json asks for. */
  whole: string;
  /** A fifth of its users who bought ten times or more, 72,000 purchases: one quick epoch is enough to learn from. */
  active: string;
  /** 51 of the more active ones, 8,000 purchases: trains in a moment. */
  small: string;
  /** The same, without what is known of the users. */
  smallByIds: string;
}

/** Puts online-retail, imported once for all tests, into a database and a data folder that hold none of it. */
export const loadExamples = (place: Place): Promise<Examples> =>
  loadFixture(place, {
    name: 'online-retail',
    madeBy: '@duet/datasets',
    files: [`${example}/import.json`, ...tables.map(fileOf)],
    async make(ctx) {
      const request = await readImportRequest(path.join(repositoryRoot(), example, 'import.json'));
      const imported = async (change: Partial<ImportRequest>) =>
        (await importDataset(ctx, { ...request, ...change })).datasetId;
      const cut = await mkdtemp(path.join(tmpdir(), 'duet-example-'));
      try {
        const active = await cutExample(cut, (user) => user % 5 === 0);
        const examples = {
          whole: await imported({}),
          active: await imported({ ...active, name: 'active', kCore: { user: 10, item: 1 } }),
        };
        const small = { ...(await cutExample(cut, (user) => user % 40 === 10)), kCore: { user: 60, item: 1 } };
        return {
          ...examples,
          small: await imported({ ...small, name: 'small' }),
          smallByIds: await imported({ ...small, name: 'small, by ids', users: undefined }),
        };
      } finally {
        await rm(cut, { recursive: true });
      }
    },
  });
