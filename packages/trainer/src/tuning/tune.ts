import { type Config, DuetError, type Progress, silent } from '@duet/base';
import { findSnapshot } from '@duet/datasets';
import type { Database, Prisma } from '@duet/db';
import { isTower, resolveSettings } from '@duet/models';
import { seededRng } from '@duet/random';
import { defaultSplit } from '../data.ts';
import { whileHolding } from '../runs.ts';
import { sampleSettings, searchSpace } from './search-space.ts';
import { TrialPool } from './trial-pool.ts';

export interface TuneContext {
  db: Database;
  dataDir: string;
  machine: Pick<Config, 'executor' | 'threads' | 'device'>;
  progress?: Progress;
  signal?: AbortSignal;
}

export interface TuneRequest {
  datasetId: string;
  /** Key of the registry: two-tower, dat, item-knn … */
  kind: string;
  /** The preset that the search starts from. */
  base?: string;
  /** Settings that every trial keeps; they are not searched. */
  set?: Record<string, unknown>;
  /** Settings over the base that the search is made around, such as those of the model that is served today. */
  start?: Record<string, unknown>;
  /** The split that models of this dataset are judged by; trials see its training part alone. */
  split?: string;
  metric?: string;
  /** Settings tried on the first rung. */
  trials?: number;
  /** Time for all rungs, each the same share of it; where it is given, `trials` has no bound of its own. */
  minutes?: number;
  seed?: number;
  /** Trials at a time. */
  parallel?: number;
  /** Start anew even where the same search was cut. */
  fresh?: boolean;
}

export interface TrialResult {
  number: number;
  rung: number;
  /** Over the base preset, as `--set` takes them. */
  set: Record<string, unknown>;
  score: number;
  metrics: Record<string, number>;
  seconds: number;
}

export interface FailedTrial {
  number: number;
  rung: number;
  set: Record<string, unknown>;
  error: string;
}

export interface TuneResult {
  tuningId: string;
  /** Every trial that came to a result, best first. */
  trials: TrialResult[];
  /** Every other one, and why. */
  failures: FailedTrial[];
  /** How many of both were there before the search was taken up again. */
  recalled: number;
}

/** Of η trials one goes on to η times the epochs. */
const eta = 3;

/** Epochs of each rung, fewest first; one rung without where the kind has no epochs. */
export function rungEpochs(epochs: number | undefined): (number | undefined)[] {
  if (epochs === undefined) return [undefined];
  return [...new Set([eta ** 2, eta, 1].map((divisor) => Math.max(1, Math.round(epochs / divisor))))];
}

/**
 * Random search, then successive halving (Jamieson & Talwalkar 2016, with η = 3): all settings get a ninth of the
 * base's epochs, the best third of them a third, the best ninth all. Each trial is a whole training of that many
 * epochs, its learning rate decayed to the end, so a result repeats with `duet train --set`. Number 0 is the base
 * itself, or the start where there is one: it goes up with the best, to be compared with, and the others change a
 * part of it each. However short the time, a rung tries one setting, and with a start one other.
 *
 * Trials are recorded as they end. A search that was cut goes on where it was: what was tried on the first rung keeps
 * its settings.
 *
 * @throws DuetError `bad-input` for a kind, a split, settings or a metric that do not fit, and where no trial came to a
 * result
 */
export async function tune(ctx: TuneContext, request: TuneRequest): Promise<TuneResult> {
  const { db } = ctx;
  const { datasetId, kind, base = 'best', set = {}, start, metric = 'HR@50', seed = 1 } = request;
  const { minutes, fresh = false } = request;
  const trials = request.trials ?? (minutes === undefined ? 27 : undefined);
  const settings = resolveSettings(kind, base, { ...start, ...set });
  const space = searchSpace(kind, settings);
  const dataset = await db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  const { id: snapshotId, fingerprint } = await findSnapshot(ctx, datasetId);
  const { split = defaultSplit(dataset) } = request;
  // As JSON keeps it, so that what was not asked is no key.
  const asked = JSON.parse(JSON.stringify({ base, set, start, split, metric, trials, minutes, seed }));
  const same = { datasetId, kind, fingerprint, request: { equals: asked as Prisma.InputJsonObject } };
  const begun = fresh ? null : await db.prisma.tuning.findFirst({ where: { ...same, status: 'running' } });
  const { id: tuningId } =
    begun ?? (await db.prisma.tuning.create({ data: { datasetId, kind, fingerprint, request: asked } }));
  const machine = { ...ctx.machine, threads: 1 };
  return whileHolding(db, tuningId, async () => {
    await using pool = new TrialPool({ url: db.url, dataDir: ctx.dataDir, datasetId, snapshotId, split, machine });
    const rungs = rungEpochs(isTower(settings) ? settings.epochs : undefined);
    // A space without settings has one point.
    const limit = Object.keys(space).length === 0 ? 1 : (trials ?? Infinity);
    const compared = start !== undefined;
    const planned = trialsOf(limit, rungs.length, compared);
    const total = Number.isFinite(planned) ? planned : 0;
    const parallel = request.parallel ?? 1;
    const search = new Search(ctx, pool, tuningId, { kind, base, metric, seed, parallel, total, compared });
    const recalled = await search.recall();
    const drawn = (number: number) =>
      number === 0 ? { ...start, ...set } : sampleSettings(space, set, seededRng(seed * 1_000_003 + number), start);
    const settingsOf = (number: number, epochs: number | undefined): Record<string, unknown> => ({
      ...(search.triedAs(number) ?? drawn(number)),
      ...(epochs === undefined ? {} : { epochs }),
    });
    for (const [rung, epochs] of rungs.entries()) {
      const candidates = rung === 0 ? counting(limit) : search.survivors(rung - 1).values();
      const seconds = minutes === undefined ? Infinity : (minutes * 60 * (rung + 1)) / rungs.length;
      await search.climb(rung, candidates, (number) => settingsOf(number, epochs), seconds);
    }
    await db.prisma.tuning.update({ where: { id: tuningId }, data: { status: 'done', finishedAt: new Date() } });
    return { tuningId, trials: search.ranking(), failures: search.failures, recalled };
  });
}

/** How many of so many trials go on to the next rung. */
const survivorsOf = (trials: number): number => Math.ceil(trials / eta);

/** Trials on all rungs, where each comes to a result. */
function trialsOf(limit: number, rungs: number, compared: boolean): number {
  const start = compared ? 1 : 0;
  let [trials, sum] = [limit, limit];
  for (let rung = 1; rung < rungs; rung++) {
    trials = survivorsOf(trials - start) + start;
    sum += trials;
  }
  return sum;
}

function* counting(limit: number): Generator<number> {
  for (let number = 0; number < limit; number++) yield number;
}

interface SearchOptions {
  kind: string;
  base: string;
  metric: string;
  seed: number;
  parallel: number;
  /** Trials on all rungs; 0 while time alone bounds them. */
  total: number;
  /** Whether number 0 is what the others are compared with: it goes up whatever its place. */
  compared: boolean;
}

/** One tuning under way: what was tried, and the workers that try more. */
class Search {
  #ctx: TuneContext;
  #pool: TrialPool;
  #tuningId: string;
  #options: SearchOptions;
  #done: TrialResult[] = [];
  readonly failures: FailedTrial[] = [];
  /** Seconds of search before this process took it up. */
  #before = 0;
  #started = performance.now();

  constructor(ctx: TuneContext, pool: TrialPool, tuningId: string, options: SearchOptions) {
    this.#ctx = ctx;
    this.#pool = pool;
    this.#tuningId = tuningId;
    this.#options = options;
  }

  /** Every trial there is, whatever it came to. */
  get #finished(): (TrialResult | FailedTrial)[] {
    return [...this.#done, ...this.failures];
  }

  /** Takes over what an earlier process recorded, and says how many trials that are. */
  async recall(): Promise<number> {
    const rows = await this.#ctx.db.prisma.trial.findMany({ where: { tuningId: this.#tuningId } });
    for (const { number, rung, parameters, score, metrics, seconds, error } of rows) {
      const set = parameters as Record<string, unknown>;
      if (score === null) this.failures.push({ number, rung, set, error: error! });
      else this.#done.push({ number, rung, set, score, metrics: metrics as Record<string, number>, seconds });
    }
    this.#before = rows.reduce((sum, { seconds }) => sum + seconds, 0) / this.#options.parallel;
    return rows.length;
  }

  /** Best first; of equal ones the cheaper rung, then the earlier number. */
  ranking(): TrialResult[] {
    return this.#done.toSorted((a, b) => b.score - a.score || a.rung - b.rung || a.number - b.number);
  }

  /** The numbers that go on from a rung, best first; before them number 0 where it is what they are compared with. */
  survivors(rung: number): number[] {
    const ranked = this.ranking().flatMap((trial) => (trial.rung === rung ? [trial.number] : []));
    const compared = ranked.filter((number) => this.#options.compared && number === 0);
    const others = ranked.filter((number) => !compared.includes(number));
    return [...compared, ...others.slice(0, survivorsOf(others.length))];
  }

  /** The settings that a number had on the first rung. */
  triedAs(number: number): Record<string, unknown> | undefined {
    return this.#finished.find((trial) => trial.number === number && trial.rung === 0)?.set;
  }

  /** Tries the candidates one after the other on each worker, until there are none or `seconds` of search are over. */
  async climb(
    rung: number,
    candidates: Iterator<number>,
    settingsOf: (number: number) => Record<string, unknown>,
    seconds: number,
  ): Promise<void> {
    const known = new Set(this.#finished.filter((t) => t.rung === rung).map((t) => t.number));
    const closed = this.#finished.some((trial) => trial.rung > rung);
    const elapsed = () => this.#before + (performance.now() - this.#started) / 1000;
    const least = this.#options.compared ? 2 : 1;
    let begun = known.size;
    const failing = new AbortController();
    const signal = AbortSignal.any([failing.signal, ...(this.#ctx.signal ? [this.#ctx.signal] : [])]);
    const worker = async () => {
      for (let next = candidates.next(); !next.done; next = candidates.next()) {
        if (known.has(next.value)) continue;
        if (closed || (begun >= least && elapsed() >= seconds)) return;
        begun += 1;
        await this.#attempt(rung, next.value, settingsOf(next.value), signal);
      }
    };
    // What stops one worker stops all.
    const workers = Array.from({ length: this.#options.parallel }, () =>
      worker().catch((error) => {
        failing.abort(error);
        throw error;
      }),
    );
    await Promise.all(workers);
    if (!this.#done.some((trial) => trial.rung === rung)) {
      throw new DuetError('bad-input', `No trial came to a result. The first: ${this.failures[0]?.error}`, {
        fix: 'Try another --base, or hold what fails with --set.',
      });
    }
  }

  async #attempt(rung: number, number: number, set: Record<string, unknown>, signal: AbortSignal): Promise<void> {
    const { db, progress = silent } = this.#ctx;
    const { kind, base, metric, seed, total } = this.#options;
    const started = performance.now();
    const answer = await this.#pool.run({ kind, base, set, seed }, signal);
    const seconds = (performance.now() - started) / 1000;
    const row = { tuningId: this.#tuningId, number, rung, parameters: set as Prisma.InputJsonObject, seconds };
    if ('error' in answer) {
      this.failures.push({ number, rung, set, error: answer.error });
      await db.prisma.trial.create({ data: { ...row, error: answer.error } });
    } else {
      const { metrics } = answer.evaluation;
      const score = metrics[metric];
      if (score === undefined) {
        throw new DuetError('bad-input', `There is no metric "${metric}".`, {
          where: { field: 'metric' },
          fix: `Choose one of ${Object.keys(metrics).join(', ')}.`,
        });
      }
      this.#done.push({ number, rung, set, score, metrics, seconds });
      await db.prisma.trial.create({ data: { ...row, score, metrics } });
    }
    const best = this.ranking()[0];
    progress({
      step: `tune ${kind}`,
      done: this.#done.length + this.failures.length,
      total,
      unit: 'trials',
      note: best === undefined ? 'none came to a result' : `best ${metric} ${best.score.toFixed(4)}`,
    });
  }
}
