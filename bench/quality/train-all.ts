import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import { importDataset, loadCatalogue } from '@duet/datasets';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { say } from '../bench.ts';
import { readFacts, readOutcome, writeFacts } from './cache.ts';
import type { JobRequest } from './job.ts';
import type { Job, Plan } from './plan.ts';

export interface Training {
  plan: Plan;
  /** Folder that the files are in which are not in `examples`. */
  files: string;
  /** Jobs at a time; they share the machine's cores. */
  parallel: number;
}

/** Runs every job that has no outcome yet, each in a child process. Jobs that fail are told and left out. */
export async function trainAll(jobs: readonly Job[], { plan, files, parallel }: Training): Promise<void> {
  const missing: Job[] = [];
  for (const job of jobs) {
    const known = missing.some(({ key }) => key === job.key) || (await readOutcome(job)) !== undefined;
    if (!known) missing.push(job);
  }
  const datasets = new Set(jobs.map(({ dataset }) => dataset));
  for (const dataset of [...datasets]) {
    const known = (await readFacts(dataset, plan)) !== undefined;
    if (known && !missing.some((job) => job.dataset === dataset)) datasets.delete(dataset);
  }
  say(`${jobs.length} jobs, ${missing.length} of them to be run`);
  if (datasets.size === 0) return;

  await using db = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'duet-quality-'));
  const running = new Set<ChildProcess>();
  const stop = () => {
    for (const child of running) child.kill();
  };
  process.once('exit', stop);
  try {
    const ids = new Map<string, string>();
    for (const dataset of datasets) ids.set(dataset, await importOne({ db, dataDir }, plan, files, dataset));
    const threads = Math.max(1, Math.floor(os.availableParallelism() / parallel));
    let place = 0;
    const work = async () => {
      for (let job = missing[place++]; job; job = missing[place++]) {
        const name = `[${place}/${missing.length}] ${job.dataset}/${job.model} seed ${job.seed}`;
        const request = { job, datasetId: ids.get(job.dataset)!, databaseUrl: db.url, dataDir, threads };
        const failure = await runJob(request, running);
        const outcome = await readOutcome(job);
        say(
          outcome
            ? `${name}: HR@50 ${outcome.evaluation.metrics['HR@50']!.toFixed(4)}, HR@100 ${outcome.evaluation.metrics['HR@100']!.toFixed(4)}, MRR ${outcome.evaluation.metrics.MRR!.toFixed(5)} in ${outcome.seconds.toFixed(0)} s`
            : `${name} failed: ${failure}`,
        );
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
  } finally {
    process.off('exit', stop);
    stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Imports a dataset as the plan says, from `examples` or else from a folder of files. */
export function importPlanned(ctx: { db: Database; dataDir: string }, plan: Plan, files: string, dataset: string) {
  const { request } = plan.datasets[dataset]!;
  const at = (name: string) => {
    const example = path.join(repositoryRoot(), 'examples', name);
    return existsSync(example) ? example : path.join(files, name);
  };
  return importDataset(ctx, {
    ...request,
    name: dataset,
    interactions: at(request.interactions),
    ...(request.items && { items: at(request.items) }),
    ...(request.users && { users: at(request.users) }),
  });
}

async function importOne(ctx: { db: Database; dataDir: string }, plan: Plan, files: string, dataset: string) {
  const started = performance.now();
  const { datasetId, users, items, rows } = await importPlanned(ctx, plan, files, dataset);
  const { categories, category } = await loadCatalogue(ctx, datasetId);
  await writeFacts(dataset, plan, { users, items, interactions: rows, categories, category: [...category] });
  say(`imported ${dataset} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return datasetId;
}

/** Why it failed, if it did. */
function runJob(request: JobRequest, running: Set<ChildProcess>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const program = path.join(import.meta.dirname, 'job.ts');
    const child = spawn(process.execPath, [program, JSON.stringify(request)], { stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(child);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve(code === 0 ? undefined : `${signal ?? `exit ${code}`} ${errors.trim()}`);
    });
  });
}
