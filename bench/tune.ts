/**
 * `npm run bench:tune`: every model of the quality bench gets the same minutes of `duet tune` around its settings in
 * quality/settings.json, on the validation part inside the training data. A searched model that is better there than
 * the plan's is what the plan should say; the quality bench alone sees the test part.
 *
 *   --only a/b,c/*     these datasets' models alone
 *   --minutes n        for each model on each dataset (8); a search may need longer for the least it does
 *   --parallel n       trials side by side (1), a thread each for the graph
 *   --metric name      what is best (HR@50)
 *   --data folder      where the plan's files are
 *   --quick            a minute for item-kNN on online-retail's most active users, to see that everything works
 *
 * Each search is kept in build/bench-quality as it ends, so that an interrupted run goes on with the next. The results
 * keep a model's last search, also once the plan has taken over what it found.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DuetError, repositoryRoot } from '@duet/base';
import { createTestDatabase } from '@duet/db/testing';
import { type TuneContext, tune } from '@duet/trainer';
import { z } from 'zod';
import { benchData, commit, type Results, runBench, say, table } from './bench.ts';
import { readJson, readSearch, writeSearch } from './quality/cache.ts';
import { hashOf, type Job, jobsOf, quickPlan, readPlan } from './quality/plan.ts';
import { importPlanned } from './quality/train-all.ts';

interface Budget {
  metric: string;
  minutes: number;
  parallel: number;
}

/** Settings of one trial and what they came to on the validation part. */
interface TrialRow {
  set: Record<string, unknown>;
  metrics: Record<string, number>;
}

/** What a search around a model's settings found. */
interface Search extends Budget, Pick<Job, 'dataset' | 'split' | 'model' | 'kind' | 'preset' | 'set'> {
  commit: string;
  seconds: number;
  /** Settings that were tried, and on how many of them all epochs were spent. */
  trials: number;
  full: number;
  failed: number;
  /** The plan's own settings and the best of all, both with all epochs. */
  start: TrialRow | null;
  best: TrialRow | null;
}

interface TuneResults extends Results {
  searches: Search[];
}

const quick = process.argv.includes('--quick');
const tuneOptions = {
  only: { type: 'string', default: '' },
  minutes: { type: 'string', default: quick ? '1' : '8' },
  parallel: { type: 'string', default: '1' },
  metric: { type: 'string', default: 'HR@50' },
  data: { type: 'string', default: benchData },
} as const;
const budgetSchema = z.object({
  metric: z.string(),
  minutes: z.coerce.number().positive(),
  parallel: z.coerce.number().int().positive(),
});

const plan = quick ? quickPlan() : readPlan();
const file = quick ? 'tune-quick' : 'tune';

async function readEarlier(): Promise<Search[]> {
  const earlier = await readJson<TuneResults>(path.join(repositoryRoot(), `bench/results/${file}.json`));
  return earlier?.searches ?? [];
}

async function search(ctx: TuneContext, datasetId: string, job: Job, budget: Budget): Promise<Search> {
  const { dataset, split, model, kind, preset, set } = job;
  const started = performance.now();
  const found = await tune(ctx, { datasetId, kind, base: preset, start: set, split, ...budget });
  const top = Math.max(...found.trials.map(({ rung }) => rung));
  const full = found.trials.filter(({ rung }) => rung === top);
  return {
    ...{ dataset, split, model, kind, preset, set, ...budget },
    commit: commit(),
    seconds: (performance.now() - started) / 1000,
    trials: new Set([...found.trials, ...found.failures].map(({ number }) => number)).size,
    full: full.length,
    failed: found.failures.length,
    start: full.find(({ number }) => number === 0) ?? null,
    best: full[0] ?? null,
  };
}

/** What the best of a search changes of the plan, as `--set` takes it. */
const changes = ({ set, best }: Search): string =>
  Object.entries(best?.set ?? {})
    .filter(([name, value]) => name !== 'epochs' && JSON.stringify(set[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ') || 'nothing';

const metrics = ['HR@50', 'HR@100', 'MRR'];
const figures = (trial: TrialRow | null): string[] =>
  metrics.map((metric) => trial?.metrics[metric]?.toFixed(4) ?? '–');

function searchTable(searches: Search[]): string {
  const head = ['', 'seconds', 'settings', 'full', 'failed', 'plan HR@50', 'HR@100', 'MRR'];
  return table(
    [...head, 'best HR@50', 'HR@100', 'MRR', 'what it changes'],
    searches.map((one) => [
      ...[one.model, one.seconds.toFixed(0), one.trials, one.full, one.failed],
      ...[...figures(one.start), ...figures(one.best), changes(one)],
    ]),
  );
}

await runBench(
  'tune',
  async ({ only, data, ...rest }): Promise<TuneResults> => {
    const budget = budgetSchema.parse(rest);
    const allJobs = jobsOf(plan, { seeds: 1, only: only === '' ? [] : only.split(',') });
    const jobs = allJobs.filter(({ model }) => plan.tuned.includes(model));
    await using db = await createTestDatabase();
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'duet-bench-tune-'));
    const ctx = { db, dataDir, machine: { executor: undefined, device: undefined, threads: 1 } };
    const found: Search[] = [];
    try {
      for (const [dataset, models] of Map.groupBy(jobs, (job) => job.dataset)) {
        const { datasetId } = await importPlanned(ctx, plan, data, dataset);
        for (const job of models) {
          const key = hashOf(job.key, budget);
          try {
            const storedSearch = await readSearch<Search>(dataset, key);
            const one = storedSearch ?? (await search(ctx, datasetId, job, budget));
            if (storedSearch === undefined) await writeSearch(dataset, key, one);
            found.push(one);
            say(
              `${dataset}/${job.model}: ${figures(one.start).join(' ')} → ${figures(one.best).join(' ')} (${changes(one)})`,
            );
          } catch (error) {
            if (!(error instanceof DuetError)) throw error;
            say(`${dataset}/${job.model} failed: ${error.message}`);
          }
        }
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
    const isNew = ({ dataset, model }: Search) => found.some((one) => one.dataset === dataset && one.model === model);
    const searches = [...(await readEarlier()).filter((one) => !isNew(one)), ...found];
    return { params: { only, ...budget }, metrics: {}, peers: {}, ratios: {}, searches };
  },
  ({ searches }) =>
    [
      `Each model has the same minutes (${[...new Set(searches.map(({ minutes, parallel }) => `${minutes} × ${parallel} at a time`))].join(', ')}) of random search around its settings in the plan, then successive halving, on a validation part inside the training data (\`duet tune --start … --minutes …\`); "seconds" is what it took, for a search does the plan's settings and one other in full however long that is. "Settings" were tried with fewer epochs, "full" is how many of them had all. Figures are those of the plan at that time and of the best on the validation part, one seed: no test user is among them.`,
      ...[...Map.groupBy(searches, ({ dataset }) => dataset)].flatMap(([dataset, found]) => [
        `## ${dataset}, ${found[0]!.split}`,
        searchTable(found.toSorted((a, b) => plan.tuned.indexOf(a.model) - plan.tuned.indexOf(b.model))),
      ]),
    ].join('\n\n'),
  tuneOptions,
  file,
);
