import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import { loadFixture, type Place } from '@duet/db/testing';
import { importDataset } from './import.ts';
import { type ImportRequest, readImportRequest } from './request.ts';

const folder = 'examples/online-retail';

/** Imports of online-retail, the ids of their datasets. */
export interface Examples {
  /** As its own import.json asks for. */
  whole: string;
  /** Its more active users alone, most of its purchases: one quick epoch is enough to learn from. */
  active: string;
  /** The most active users and items alone: trains in a moment. */
  mostActive: string;
  /** The same, without what is known of the users. */
  mostActiveByIds: string;
}

/** Puts online-retail, imported once for all tests, into a database and a data folder that hold none of it. */
export const loadExamples = (place: Place): Promise<Examples> =>
  loadFixture(place, {
    name: 'online-retail',
    madeBy: '@duet/datasets',
    files: ['import.json', 'interactions.csv.gz', 'items.csv.gz', 'users.csv.gz'].map((file) => `${folder}/${file}`),
    async make(ctx) {
      const example = await readImportRequest(path.join(repositoryRoot(), folder, 'import.json'));
      const imported = async (change: Partial<ImportRequest>) =>
        (await importDataset(ctx, { ...example, ...change })).datasetId;
      const mostActive = { user: 600, item: 5 };
      return {
        whole: await imported({}),
        active: await imported({ name: 'active', kCore: { user: 100, item: 5 } }),
        mostActive: await imported({ name: 'most active', kCore: mostActive }),
        mostActiveByIds: await imported({ name: 'most active, by ids', kCore: mostActive, users: undefined }),
      };
    },
  });
