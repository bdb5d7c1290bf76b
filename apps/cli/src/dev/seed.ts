import { mkdirSync } from 'node:fs';
import { openExecutor } from '@duet/artifact';
import type { Config } from '@duet/base';
import { connect, type Database, migrate } from '@duet/db';
import { loadFixture } from '@duet/db/testing';
import { loadTinyShop } from '@duet/ranking/testing';
import { buildIn } from '@duet/serving/testing';
import { ensureSecrets } from '../demo/keys.ts';
import { ensureDemoExperiment, type Preparation } from '../demo/prepare.ts';
import type { Steps } from '../start/steps.ts';

/** The tiny shop that tests run on, with the indexes of its two models, so that it can be served. */
const servedShop = {
  name: 'served-shop',
  madeBy: '@duet/serving',
  async make({ db, dataDir }: { db: Database; dataDir: string }) {
    const shop = await loadTinyShop({ db, dataDir });
    const executor = await openExecutor({ executor: undefined, threads: 1 });
    for (const modelId of [shop.twoTower, shop.dat]) await buildIn({ db, dataDir, executor }, { modelId });
    return shop;
  },
};

/**
 * Fills a data folder with a small shop: a catalogue, two trained models with their indexes, a ranker, a running
 * experiment, and the keys of the apps. What the shop is made of is kept for all checkouts, so that it takes seconds.
 * Does nothing where the folder has a dataset.
 */
export async function seed(config: Config, databaseUrl: string, steps: Steps): Promise<void> {
  const { dataDir } = config;
  mkdirSync(dataDir, { recursive: true });
  await using db = await connect(databaseUrl);
  await migrate(db);
  const preparation: Pick<Preparation, 'db' | 'dataDir' | 'steps'> = { db, dataDir, steps };
  const shop = await steps.measure('shop', async () => {
    if ((await db.prisma.dataset.count()) > 0) return { value: undefined, worked: false };
    const value = await loadFixture({ db, dataDir }, servedShop);
    return { value, worked: true, note: 'a catalogue of 120 items, two models, a ranker' };
  });
  await steps.measure('keys', async () => ({ value: undefined, worked: await ensureSecrets({ db, dataDir }, config) }));
  if (shop === undefined) return;
  const dataset = await db.prisma.dataset.findUniqueOrThrow({ where: { id: shop.datasetId } });
  const registered = (name: string) =>
    db.prisma.registeredModel.findUniqueOrThrow({ where: { datasetId_name: { datasetId: dataset.id, name } } });
  const arms = { control: await registered('two-tower'), treatment: await registered('dat') };
  await ensureDemoExperiment(preparation, dataset, arms, shop.rankerId);
}
