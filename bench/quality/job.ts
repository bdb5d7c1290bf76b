/**
 * One job of `bench:quality` in a process of its own, so that its memory and threads are its own.
 *
 *   job.ts '{"job": …, "datasetId": …, "databaseUrl": …, "dataDir": …, "threads": …}'
 */
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openExecutor } from '@duet/artifact';
import { connect } from '@duet/db';
import { evaluateBaseline, trainModel } from '@duet/trainer';
import { listMetrics } from '@duet/trainer/steps';
import { commit } from '../bench.ts';
import { writeOutcome } from './cache.ts';
import { isTrained, type Job } from './plan.ts';
import { jackknife } from './statistics.ts';

export interface JobRequest {
  job: Job;
  datasetId: string;
  databaseUrl: string;
  dataDir: string;
  threads: number;
}

const { job, datasetId, databaseUrl, dataDir, threads } = JSON.parse(process.argv[2]!) as JobRequest;
const { kind, split, preset, set, seed } = job;
const load = os.loadavg()[0]!;
await using db = await connect(databaseUrl);
const ctx = { db, dataDir, executor: await openExecutor({ executor: undefined, threads }) };
// Results are kept of all users.
const evaluationUsers = Number.POSITIVE_INFINITY;
const started = performance.now();
const judged = isTrained(kind)
  ? await trainModel(ctx, {
      datasetId,
      kind,
      split,
      set,
      seed,
      evaluationUsers,
      ...(preset !== undefined && { preset }),
    })
  : await evaluateBaseline(ctx, { datasetId, kind, split, set, evaluationUsers });
const seconds = (performance.now() - started) / 1000;
const { evaluation, rankings, popularity } = judged;
if (!evaluation || !rankings || !popularity) throw new Error(`The split ${split} leaves nothing to evaluate.`);
// Only what it found is kept.
await rm(path.join(dataDir, 'models', judged.modelId), { recursive: true, force: true });
await writeOutcome({
  ...job,
  seconds,
  load,
  threads,
  commit: commit(),
  evaluation,
  lists: jackknife(rankings.user.length, (users) => listMetrics(rankings, popularity, users)),
  user: [...rankings.user],
  start: [...rankings.start],
  item: [...rankings.item],
  rank: [...rankings.rank],
});
