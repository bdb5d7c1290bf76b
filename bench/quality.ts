/**
 * `npm run bench:quality`: every model on every dataset, ranked on the full catalogue, with intervals and paired tests.
 * The plan is quality/settings.json. What a job found is kept in build/bench-quality, so that an interrupted run goes
 * on where it was, and a changed setting trains again what it changes. Models that were not asked for keep the figures
 * that bench/results has of them, as long as the plan says the same of them.
 *
 *   --quick            one epoch on online-retail's most active users, to see that everything works
 *   --only a/b,c/*     these datasets' models alone; * stands for anything (DAT*dims)
 *   --seeds n          seeds of each model that has any (3)
 *   --parallel n       jobs at a time (1); they share the cores
 *   --data folder      where the plan's files are
 *   --report           nothing is trained: the tables of what is there
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import { benchData, type Results, runBench, say } from './bench.ts';
import { type Analysis, analyse, type Row } from './quality/analysis.ts';
import { readFacts, readOutcome } from './quality/cache.ts';
import { readEarlier, together } from './quality/earlier.ts';
import { jobsOf, type Plan, quickPlan, readPlan } from './quality/plan.ts';
import { plots, report } from './quality/report.ts';
import { trainAll } from './quality/train-all.ts';

export interface QualityResults extends Results {
  rows: Row[];
}

const qualityOptions = {
  only: { type: 'string', default: '' },
  seeds: { type: 'string', default: '3' },
  parallel: { type: 'string', default: '1' },
  data: { type: 'string', default: benchData },
  report: { type: 'boolean', default: false },
} as const;

const quick = process.argv.includes('--quick');
const plan: Plan = quick ? quickPlan() : readPlan();
let analyses: Analysis[] = [];

await runBench(
  'quality',
  async (flags): Promise<QualityResults> => {
    const only = flags.only === '' ? [] : flags.only.split(',');
    const jobs = jobsOf(plan, { seeds: quick ? 1 : Number(flags.seeds), only });
    if (!flags.report) await trainAll(jobs, { plan, files: flags.data, parallel: Number(flags.parallel) });
    const outcomes = (await Promise.all(jobs.map(readOutcome))).filter((outcome) => outcome !== undefined);
    for (const [dataset, found] of Map.groupBy(outcomes, (outcome) => outcome.dataset)) {
      say(`intervals and tests on ${dataset}: ${found.length} outcomes`);
      analyses.push(analyse(found, (await readFacts(dataset, plan))!, plan));
    }
    if (!quick) analyses = together(await readEarlier(plan), analyses, plan);
    for (const [name, svg] of plots(analyses, plan)) {
      await writeFile(path.join(repositoryRoot(), 'bench/results', name), svg);
    }
    return {
      params: { seeds: Number(flags.seeds), only, commits: [...new Set(outcomes.map((one) => one.commit))], plan },
      metrics: Object.fromEntries(
        analyses.map(({ dataset, split, models, comparisons, users, facts }) => [
          dataset,
          { split, users, facts, models: Object.fromEntries(models), comparisons },
        ]),
      ),
      peers: {},
      ratios: {},
      rows: analyses.flatMap(({ rows }) => rows),
    };
  },
  () => report(analyses, plan),
  qualityOptions,
  // So that a quick look leaves the long run's results alone.
  quick ? 'quality-quick' : 'quality',
);
