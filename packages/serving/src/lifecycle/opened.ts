import { DuetError, type Logger } from '@duet/base';
import { type Database, databaseFault } from '@duet/db';
import type { Executor } from '@duet/models';
import { parseRanker, type RankerParameters } from '@duet/ranking';
import { followSnapshot, loadDataset, type ServedDataset } from '../dataset.ts';
import { openRetriever, type Retriever, retrieverKey } from '../retriever.ts';
import type { CacheCount } from '../users/user-vectors.ts';
import { OpenModels } from './open-models.ts';
import { neededModels, type Plan, type PlannedModel } from './plan.ts';
import { createPool, type Pool } from './pool.ts';
import { remembered } from './remembered.ts';

/** Retrievers kept open for callers who name a model that nothing else needs. */
const spareRetrievers = 4;

interface Options {
  db: Database;
  dataDir: string;
  executor: Executor;
  logger: Logger;
}

/** A model that could not be opened is not read again for so long: each request would read all its files. */
const brokenMs = 10_000;

/** A model or its index cannot be opened, or fails at whatever it is asked. */
export class OutOfOrder extends DuetError {
  readonly modelId: string;

  constructor({ name, modelId }: PlannedModel, cause: unknown) {
    const known = cause instanceof DuetError ? cause : undefined;
    const isFiles = known !== undefined && ['corrupt', 'not-found', 'unavailable'].includes(known.code);
    // Whatever else a file's reader blames, the request is not to blame.
    super(isFiles ? known.code : 'corrupt', known?.message ?? `${name} cannot be opened: ${cause}`, {
      cause,
      ...(known === undefined && { fix: `Train it again, or build its index: npx duet index --model ${modelId}.` }),
    });
    this.modelId = modelId;
  }
}

/** What has been opened to answer from: datasets, rankers and retrievers, each once, at its first use. */
export class Opened implements AsyncDisposable {
  /** Of all models since the start. */
  readonly userVectorCache: CacheCount = { hits: 0, misses: 0 };
  #options: Options;
  #datasets = new Map<string, Promise<ServedDataset>>();
  #rankers = new Map<string, Promise<RankerParameters>>();
  #retrievers: Pool<Retriever>;
  /** Why the newest snapshot of a dataset could not be read. */
  #unreadable = new Map<string, string>();
  #models: OpenModels;
  #broken = new Map<string, { error: OutOfOrder; until: number }>();

  constructor(options: Options) {
    this.#options = options;
    this.#models = new OpenModels({ ...options, count: this.userVectorCache });
    this.#retrievers = createPool(spareRetrievers, (err) => options.logger.error({ err }, 'an index did not close'));
  }

  /** What is wrong with the newest snapshots of datasets, which older ones stand in for. */
  get unreadable(): Iterable<string> {
    return this.#unreadable.values();
  }

  dataset(id: string): Promise<ServedDataset> {
    return remembered(this.#datasets, id, () => loadDataset(this.#options, id));
  }

  /** @throws DuetError `not-found`, `corrupt` */
  ranker(id: string): Promise<RankerParameters> {
    return remembered(this.#rankers, id, async () => {
      const row = await this.#options.db.prisma.ranker.findUnique({ where: { id } });
      if (row === null) throw new DuetError('not-found', `There is no ranker ${id}.`);
      return parseRanker(id, row.parameters);
    });
  }

  /** Lets what could not be opened be tried anew. */
  tryAgain(): void {
    this.#broken.clear();
  }

  /**
   * Runs `work` with a model's retriever, which stays open until then.
   *
   * @throws OutOfOrder where it cannot be opened, or what it makes is unsound
   */
  use<R>(planned: PlannedModel, work: (retriever: Retriever, dataset: ServedDataset) => Promise<R> | R): Promise<R> {
    const key = retrieverKey(planned);
    const open = async () => {
      const broken = this.#broken.get(key);
      if (broken !== undefined && Date.now() < broken.until) throw broken.error;
      const { catalogue } = await this.dataset(planned.datasetId);
      try {
        return await openRetriever({ dataDir: this.#options.dataDir, models: this.#models }, planned, catalogue);
      } catch (cause) {
        const error = databaseFault(cause) ?? new OutOfOrder(planned, cause);
        if (error instanceof OutOfOrder) this.#broken.set(key, { error, until: Date.now() + brokenMs });
        throw error;
      }
    };
    return this.#retrievers.use(key, open, async (retriever) => {
      const dataset = await this.dataset(planned.datasetId);
      try {
        return await work(retriever, dataset);
      } catch (cause) {
        if (!(cause instanceof DuetError && cause.code === 'corrupt')) throw cause;
        const error = new OutOfOrder(planned, cause);
        this.#broken.set(key, { error, until: Date.now() + brokenMs });
        throw error;
      }
    });
  }

  /** Runs `work` with every dataset that is loaded by now. */
  async eachDataset(work: (dataset: ServedDataset) => Promise<unknown>): Promise<void> {
    for (const loading of this.#datasets.values()) {
      const dataset = await loading.catch(() => undefined);
      if (dataset !== undefined) await work(dataset);
    }
  }

  /** Takes over the newest snapshot of every dataset that is loaded; one that cannot be read leaves the one before. */
  async followSnapshots(): Promise<void> {
    await this.eachDataset(async (dataset) => {
      const { logger } = this.#options;
      try {
        const changed = await followSnapshot(this.#options, dataset);
        this.#unreadable.delete(dataset.id);
        if (changed) logger.info({ dataset: dataset.id, snapshot: dataset.snapshotId }, 'a new snapshot is served');
      } catch (error) {
        if (!(error instanceof DuetError)) throw error;
        const known = this.#unreadable.get(dataset.id) === error.message;
        this.#unreadable.set(dataset.id, error.message);
        if (!known) logger.error({ err: error, dataset: dataset.id }, 'the newest snapshot cannot be read');
      }
    });
  }

  /** Runs `work` with every retriever that is open by now. */
  eachRetriever(work: (retriever: Retriever) => Promise<unknown>): Promise<void> {
    return this.#retrievers.each(work);
  }

  /**
   * Closes what the plan does not list any more, and what is open for nobody but a caller long gone.
   *
   * @param stillServing what answers for models whose planned retriever cannot be opened
   */
  keep(plan: Plan, stillServing: Iterable<PlannedModel>): void {
    const { models, pinned } = plan;
    const needed = [...neededModels(plan), ...stillServing];
    this.#retrievers.keep(new Set(needed.map(retrieverKey)), new Set([...models, ...pinned].map(retrieverKey)));
    for (const id of this.#datasets.keys()) if (!(id in plan.datasets)) this.#datasets.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#retrievers[Symbol.asyncDispose]();
  }
}
