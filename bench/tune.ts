/**
 * `npm run bench:tune`: every model of the quality bench gets the same minutes of `duet tune` around its settings in
 * quality/settings.json, on the validation part inside the training data. A searched model that is better there than the
 * plan's is what the plan should say; the quality bench alone sees the test part.
 *
 *   --only a/b,c/*     these datasets' models alone
 *   --minutes n        for each model on each dataset (8)
 *   --parallel n       trials side by side (1), a thread each for the graph
 *   --metric name      what is best (HR@50)
 *   --data folder      where the plan's files are
 *   --quick            a minute for item-kNN on online-retail's most active users, to see that everything works
 *
 * Searches of an earlier run stay in the results as long as the plan says the same of the model.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { repositoryRoot } from '@duet/config';
import { createTestDatabase } from '@duet/db/testing';
import { tune } from '@duet/trainer';
import { benchData, type Results, runBench, say, table } from './bench.ts';
import { plannedAs } from './quality/earlier.ts';
import { jobsOf, quickPlan, readPlan } from './quality/plan.ts';
import { importPlanned } from './quality/train-all.ts';

/** Settings of one trial and what they came to on the validation part. */
interface Tried {
  set: Record<string, unknown>;
  metrics: Record<string, number>;
}

/** What a search around a model's settings found. */
interface Search {
  dataset: string;
  split: string;
  model: string;
  kind: string;
  /** Changes with what the plan says of the model. */
  planned: string;
  metric: string;
  minutes: number;
  parallel: number;
  /** Settings that were tried, and on how many of them all epochs were spent. */
  trials: number;
  full: number;
  failed: number;
  /** The plan's own settings and the best of all, both with all epochs. */
  start: Tried | null;
  best: Tried | null;
}

interface TuneResults extends Results {
  searches: Search[];
}

const own = {
  only: { type: 'string', default: '' },
  minutes: { type: 'string', default: '8' },
  parallel: { type: 'string', default: '1' },
  metric: { type: 'string', default: 'HR@50' },
  data: { type: 'string', default: benchData },
} as const;

const quick = process.argv.includes('--quick');
const plan = quick ? quickPlan() : readPlan();
const file = quick ? 'tune-quick' : 'tune';

/** Those of earlier runs whose settings the plan still has. */
async function readEarlier(): Promise<Search[]> {
  const text = await readFile(path.join(repositoryRoot(), `bench/results/${file}.json`), 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  const { searches } = JSON.parse(text) as TuneResults;
  return searches.filter(({ dataset, model, planned }) => planned === plannedAs(plan, dataset, model));
}

const shown = (tried: Tried | null, metrics: string[]): string[] =>
  metrics.map((metric) => tried?.metrics[metric]?.toFixed(4) ?? '–');

/** What the best of a search changes, as `--set` takes it. */
const changes = ({ start, best }: Search): string =>
  Object.entries(best?.set ?? {})
    .filter(([name, value]) => JSON.stringify(start?.set[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ') || 'nothing';

const metrics = ['HR@50', 'HR@100', 'MRR'];

await runBench(
  'tune',
  async ({ only, minutes, parallel, metric, data }): Promise<TuneResults> => {
    const wanted = jobsOf(plan, { seeds: 1, only: only === '' ? [] : only.split(',') });
    const jobs = wanted.filter(({ model }) => plan.tuned.includes(model));
    await using db = await createTestDatabase();
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'duet-bench-tune-'));
    const searches = (await readEarlier()).filter(
      (one) => !jobs.some(({ dataset, model }) => one.dataset === dataset && one.model === model),
    );
    try {
      for (const [dataset, models] of Map.groupBy(jobs, (job) => job.dataset)) {
        const { datasetId } = await importPlanned({ db, dataDir }, plan, data, dataset);
        for (const { split, model, kind, preset, set } of models) {
          const budget = { metric, minutes: Number(minutes), parallel: Number(parallel) };
          const machine = { executor: undefined, device: undefined, threads: 1 };
          const found = await tune(
            { db, dataDir, machine },
            { datasetId, kind, base: preset, start: set, split, ...budget },
          );
          const top = Math.max(...found.trials.map(({ rung }) => rung));
          const full = found.trials.filter(({ rung }) => rung === top);
          const search: Search = {
            ...{ dataset, split, model, kind, planned: plannedAs(plan, dataset, model), ...budget },
            trials: new Set([...found.trials, ...found.failures].map(({ number }) => number)).size,
            full: full.length,
            failed: found.failures.length,
            start: full.find(({ number }) => number === 0) ?? null,
            best: full[0] ?? null,
          };
          searches.push(search);
          const [before, after] = [search.start, search.best].map((tried) => shown(tried, metrics).join(' '));
          say(`${dataset}/${model}: ${search.trials} settings, ${before} → ${after}: ${changes(search)}`);
        }
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
    return { params: { only, minutes, parallel, metric }, metrics: {}, peers: {}, ratios: {}, searches };
  },
  ({ searches }) =>
    [
      'Each model has the same minutes of random search around its settings in the plan, then successive halving, on a validation part inside the training data (`duet tune --start … --minutes …`). "Settings" were tried with fewer epochs at first; "full" is how many of them had all. Figures are those of the plan and of the best on the validation part, one seed: no test user is among them.',
      ...[...Map.groupBy(searches, ({ dataset }) => dataset)].flatMap(([dataset, found]) => [
        `## ${dataset}, ${found[0]!.split}`,
        table(
          [
            '',
            'minutes × trials at a time',
            'settings',
            'full',
            'failed',
            'plan HR@50',
            'HR@100',
            'MRR',
            'best HR@50',
            'HR@100',
            'MRR',
            'changes',
          ],
          found.map((search) => [
            search.model,
            `${search.minutes} × ${search.parallel}`,
            ...[search.trials, search.full, search.failed],
            ...shown(search.start, metrics),
            ...shown(search.best, metrics),
            changes(search),
          ]),
        ),
      ]),
    ].join('\n\n'),
  own,
  file,
);
