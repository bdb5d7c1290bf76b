import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import type { Evaluation } from '@duet/trainer';
import { hashOf, type Job, type Plan } from './plan.ts';
import type { Interval } from './statistics.ts';

/** What one job found: enough for every table, interval and test without training again. */
export interface Outcome extends Job {
  /** Of training and evaluation together, and how busy the machine was when it began (1-minute load). */
  seconds: number;
  load: number;
  threads: number;
  /** Whose code it was, "+" where files differed from it. */
  commit: string;
  evaluation: Evaluation;
  /** Coverage, ARP and Gini with intervals. */
  lists: Record<string, Interval>;
  /** User u's targets are `item[start[u] … start[u+1])`, at these 1-based ranks, ascending. */
  user: number[];
  start: number[];
  item: number[];
  rank: number[];
}

/** What the report needs of a dataset. */
export interface DatasetFacts {
  users: number;
  items: number;
  interactions: number;
  /** By the number of their items, most first. */
  categories: string[];
  /** Place in `categories` of each item row; −1 without. */
  category: number[];
}

/** Everything that is kept between runs; git ignores it. */
const scratch = path.join(repositoryRoot(), 'build/bench-quality');

const fileOf = ({ dataset, kind, seed, key }: Job): string =>
  path.join(scratch, dataset, `${kind}.${seed}.${key}.json`);

const factsFile = (dataset: string, { datasets }: Plan): string =>
  path.join(scratch, dataset, `facts.${hashOf(datasets[dataset])}.json`);

/** What a search of `bench:tune` found. */
const searchFile = (dataset: string, key: string): string => path.join(scratch, dataset, `tuning.${key}.json`);

/** A JSON file that the bench wrote itself, where it is there. */
export async function readJson<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

async function write(file: string, value: unknown): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.${process.pid}`, JSON.stringify(value));
  await rename(`${file}.${process.pid}`, file);
}

/** What an earlier run found for the very same job, whatever the model was called then. */
export async function readOutcome(job: Job): Promise<Outcome | undefined> {
  const outcome = await readJson<Outcome>(fileOf(job));
  return outcome && { ...outcome, ...job };
}

export const readSearch = <T>(dataset: string, key: string) => readJson<T>(searchFile(dataset, key));
export const writeSearch = (dataset: string, key: string, search: unknown) => write(searchFile(dataset, key), search);
export const writeOutcome = (outcome: Outcome): Promise<void> => write(fileOf(outcome), outcome);
export const readFacts = (dataset: string, plan: Plan) => readJson<DatasetFacts>(factsFile(dataset, plan));
export const writeFacts = (dataset: string, plan: Plan, facts: DatasetFacts) => write(factsFile(dataset, plan), facts);
