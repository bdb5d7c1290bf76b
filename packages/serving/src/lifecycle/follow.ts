import type { Logger } from '@duet/base';
import { type Database, databaseFault } from '@duet/db';
import { followCatalogue } from '../dataset.ts';
import { RecentEvents } from '../users/recent-events.ts';
import { type IndexState, type Served, stateOf } from './health.ts';
import type { Opened } from './opened.ts';
import { emptyPlan, neededModels, onlyDataset, type PlannedModel, readPlan } from './plan.ts';

/** A retriever that could not be opened is tried again after this time, or when the plan changes. */
const retryMs = 30_000;

/** A database that was not read for so long does not answer; a busy machine is a few seconds late. */
const staleMs = 10_000;

/** What keeps what is served in step with the database: its plan, the catalogues, and what users did lately. */
export class Follower implements AsyncDisposable {
  readonly recent: RecentEvents;
  #served: Served & { problems: Map<string, string>; indexes: Map<string, IndexState> } = {
    plan: emptyPlan,
    since: null,
    problems: new Map(),
    previous: new Map(),
    engines: new Map(),
    indexes: new Map(),
  };
  #planText = '';
  #pollMs = Infinity;
  /** When the database was last read to the end, its plan and its data, in Unix ms. */
  #readAt = { plan: 0, data: 0 };
  #retryAt = Infinity;
  #db: Database;
  #opened: Opened;
  #logger: Logger;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #looking: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #closed = false;

  constructor({ db, logger }: { db: Database; logger: Logger }, opened: Opened) {
    this.#db = db;
    this.#logger = logger;
    this.#opened = opened;
    this.recent = new RecentEvents(db, () => this.#served.plan);
  }

  /** As of the last look. */
  get served(): Served {
    return this.#served;
  }

  /** When the database was last read, where that is too long ago. */
  get staleSince(): Date | undefined {
    const readAt = Math.min(this.#readAt.plan, this.#readAt.data);
    return Date.now() - readAt > Math.max(staleMs, 2.5 * this.#pollMs) ? new Date(readAt) : undefined;
  }

  /** Looks at the plan every so often, and at edits and events four times as often. */
  start(pollMs: number): void {
    this.#pollMs = pollMs;
    this.#repeat(pollMs, () => this.#lookOnce());
    this.#repeat(pollMs / 4, () => this.#followOnce());
  }

  /** Looks now and not at the next turn; resolves when what the database says is served. */
  async refresh(): Promise<void> {
    await this.#lookOnce();
    await this.#followOnce();
  }

  /** Writes down that a model which was opened cannot answer. It is tried again as one that could not be opened is. */
  note(modelId: string, err: unknown): void {
    const { problems } = this.#served;
    const { message } = err as Error;
    if (problems.get(modelId) !== message) this.#logger.error({ err, modelId }, 'a model cannot answer');
    problems.set(modelId, message);
    this.#retryAt = Math.min(this.#retryAt, Date.now() + retryMs);
  }

  #repeat(everyMs: number, work: () => Promise<void>): void {
    if (this.#closed) return;
    const timer = setTimeout(async () => {
      const knownDown = this.#served.problems.has('database');
      await work().catch((err) => {
        if (!knownDown) this.#logger.warn({ err }, 'could not follow the database; what was served still is');
      });
      this.#timers.delete(timer);
      this.#repeat(everyMs, work);
    }, everyMs);
    this.#timers.add(timer);
  }

  #lookOnce(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  #followOnce(): Promise<void> {
    this.#following ??= this.#followData().finally(() => {
      this.#following = undefined;
    });
    return this.#following;
  }

  async #look(): Promise<void> {
    try {
      const plan = await readPlan(this.#db);
      const text = JSON.stringify(plan);
      if (text !== this.#planText || Date.now() >= this.#retryAt) await this.#swapTo(plan, text);
      this.#letGo();
      this.#served.problems.delete('database');
      this.#readAt.plan = Date.now();
    } catch (error) {
      // Prisma's last line says what is wrong, the others which call it was.
      const reason = (error as Error).message.trim().split('\n').at(-1);
      this.#served.problems.set('database', `The database cannot be read: ${reason}`);
      throw error;
    }
  }

  /** Takes over the edits of the catalogues and the new events, and brings what answers in step with them. */
  async #followData(): Promise<void> {
    await this.recent.follow();
    await this.#opened.eachDataset(followCatalogue);
    await this.#opened.followSnapshots();
    await this.#opened.eachRetriever(async (retriever) => {
      const { planned } = retriever;
      try {
        await retriever.delta.follow();
      } catch (error) {
        // One model's item tower holds up nobody else.
        if (databaseFault(error) !== undefined) throw error;
        this.note(planned.modelId, error);
      }
      this.#served.indexes.set(planned.indexId, stateOf(retriever));
    });
    this.#readAt.data = Date.now();
  }

  /** Opens everything first, then swaps in one turn of the event loop: a request sees the old plan or the new. */
  async #swapTo(plan: Served['plan'], text: string): Promise<void> {
    const { indexes } = this.#served;
    const problems = new Map<string, string>();
    const previous = new Map<string, PlannedModel>();
    const engines = new Map<string, string>();
    const needed = neededModels(plan);
    this.#opened.tryAgain();
    for (const planned of needed) {
      try {
        await this.#opened.use(planned, (retriever) => {
          engines.set(planned.indexId, retriever.index.engine);
          indexes.set(planned.indexId, stateOf(retriever));
        });
      } catch (err) {
        problems.set(planned.modelId, (err as Error).message);
        const before = this.#servedAs(planned.modelId);
        const engine = before && this.#served.engines.get(before.indexId);
        if (before !== undefined && engine !== undefined) {
          previous.set(planned.modelId, before);
          engines.set(before.indexId, engine);
        }
        this.#logger.error({ err, model: planned.name, still: before?.indexId ?? null }, 'a model cannot be served');
      }
    }
    for (const [id, err] of await this.#failedToLoad(plan)) {
      problems.set(id, (err as Error).message);
      this.#logger.error({ err, id }, 'a ranker or dataset cannot be loaded');
    }
    await this.#opened.eachDataset(async (dataset) => {
      dataset.showOutOfStock = plan.storefront[dataset.id]?.showOutOfStock ?? dataset.showOutOfStock;
    });
    let { since } = this.#served;
    if (text !== this.#planText) {
      since = new Date().toISOString();
      this.#logger.info({ models: needed.map(({ name, indexId }) => `${name}/${indexId}`) }, 'the plan changed');
    }
    this.#served = { plan, since, problems, previous, engines, indexes };
    this.#planText = text;
    this.#retryAt = problems.size > 0 ? Date.now() + retryMs : Infinity;
  }

  /** Loads the rankers of a plan, and the datasets that are asked for. @returns what could not be loaded, by id */
  async #failedToLoad(plan: Served['plan']): Promise<Map<string, unknown>> {
    const { rankers, experiments, keyedDatasets, datasets } = plan;
    const ids = [...Object.values(rankers), ...experiments.flatMap(({ rankerId }) => rankerId ?? [])];
    const loading: [string, Promise<unknown>][] = ids.map((id) => [id, this.#opened.ranker(id)]);
    const only = onlyDataset(plan);
    const asked = keyedDatasets.filter((id) => id in datasets);
    for (const id of new Set(only === undefined ? asked : [only, ...asked]))
      loading.push([id, this.#opened.dataset(id)]);
    const results = await Promise.allSettled(loading.map(([, promise]) => promise));
    return new Map(
      results.flatMap((result, at) => (result.status === 'rejected' ? [[loading[at]![0], result.reason]] : [])),
    );
  }

  #letGo(): void {
    const { plan, previous, indexes } = this.#served;
    const still = [...previous.values()];
    this.#opened.keep(plan, still);
    const neededIndexes = new Set([...still, ...plan.models, ...plan.pinned].map(({ indexId }) => indexId));
    for (const id of indexes.keys()) if (!neededIndexes.has(id)) indexes.delete(id);
  }

  /** What has answered for a model so far. */
  #servedAs(modelId: string): PlannedModel | undefined {
    const { plan, previous } = this.#served;
    return previous.get(modelId) ?? neededModels(plan).find((planned) => planned.modelId === modelId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#looking?.catch(() => {});
    await this.#following?.catch(() => {});
  }
}
