import type { Dataset, Model } from '@duet/db';
import { exampleName } from './example.ts';
import {
  type DemoTraining,
  demoExperiment,
  ensureBaseline,
  ensureDataset,
  ensureDemoExperiment,
  ensureIndex,
  ensureModel,
  ensureRanker,
  ensureRegistered,
  type Preparation,
} from './prepare.ts';

/** The demo, set up: its models side by side, and its experiment. */
export interface Demo {
  models: Model[];
  experiment: { name: string; status: string };
}

/** Whether a start makes the demo: where it is asked for, and by itself where there is no dataset but the example. */
export async function wantsDemo({ db: { prisma } }: Pick<Preparation, 'db'>, asked?: boolean): Promise<boolean> {
  return asked ?? (await prisma.dataset.count({ where: { name: { not: exampleName }, status: 'done' } })) === 0;
}

/** Both towers of the demo, trained and indexed. Two processes at a time: as many as the smallest machine has cores. */
function towers(preparation: Preparation, dataset: Dataset, training: DemoTraining) {
  const modelled = (kind: string) => async () => {
    const model = await ensureModel(preparation, dataset, kind, training);
    await ensureIndex(preparation, model);
    return model;
  };
  return [modelled('dat'), modelled('two-tower')] as const;
}

/** Data, models, indexes, ranker and experiment, each made where it is not there. */
export async function setUpDemo(preparation: Preparation, training: Omit<DemoTraining, 'anyWillDo'>): Promise<Demo> {
  const dataset = await ensureDataset(preparation);
  const [dat, twoTower, itemKnn, popularity] = await twoAtATime(preparation, [
    ...towers(preparation, dataset, { ...training, anyWillDo: true }),
    () => ensureBaseline(preparation, dataset, 'item-knn'),
    () => ensureBaseline(preparation, dataset, 'popularity'),
  ]);
  const rankerId = await ensureRanker(preparation, dataset, [twoTower!, dat!]);
  const control = await ensureRegistered(preparation, twoTower!, training);
  const treatment = await ensureRegistered(preparation, dat!, training);
  const status = await ensureDemoExperiment(preparation, dataset, { control, treatment }, rankerId);
  return { models: [popularity!, itemKnn!, twoTower!, dat!], experiment: { name: demoExperiment, status } };
}

/** The demo's towers with these very settings, trained where there are none: beside what is served meanwhile. */
export async function updateDemo(preparation: Preparation, training: Omit<DemoTraining, 'anyWillDo'>): Promise<void> {
  const dataset = await ensureDataset(preparation);
  await twoAtATime(preparation, towers(preparation, dataset, { ...training, anyWillDo: false }));
}

/** Runs the jobs in order, two at a time; one that fails takes the others along. */
async function twoAtATime<T>({ fail }: Preparation, jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const queue = [...jobs.entries()];
  const lane = async (): Promise<void> => {
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) results[entry[0]] = await entry[1]();
  };
  const watched = () =>
    lane().catch((error) => {
      fail(error);
      throw error;
    });
  for (const outcome of await Promise.allSettled([watched(), watched()])) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
  return results;
}
