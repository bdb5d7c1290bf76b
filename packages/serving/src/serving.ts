import { sep } from 'node:path';
import { engineInUse } from '@duet/ann';
import { DuetError, type Logger } from '@duet/base';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { parseRanker, type RankerParameters, type RulesInForce, rulesInForce } from '@duet/ranking';
import {
  type AnsweredBy,
  answeredBy,
  type RetrieveAnswer,
  type RetrieveRequest,
  recommend,
  type SearchAnswer,
  type SearchRequest,
  type SimilarItemsAnswer,
  type SimilarItemsRequest,
  search,
  similar,
} from './answer.ts';
import {
  askerOf,
  followCatalogue,
  historyOf,
  loadDataset,
  rowOfItem,
  type ServedDataset,
  type Shopper,
  type ShownItem,
  shoppersOf,
  showItem,
} from './dataset.ts';
import { OpenModels } from './open-models.ts';
import { chooseModel, type Plan, type PlannedModel, readPlan } from './plan.ts';
import { createPool, type Pool } from './pool.ts';
import { RecentEvents } from './recent-events.ts';
import { openRetriever, type Retriever, retrieverKey } from './retriever.ts';
import { TitleSearch } from './title-search.ts';
import type { CacheCount } from './user-vectors.ts';

export interface SimilarUsersRequest {
  userId: string;
  k: number;
  modelId?: string | undefined;
}

export interface SimilarUsersAnswer extends AnsweredBy {
  users: { userId: string; title: string; attributes: Record<string, string>; score: number }[];
}

/** An index and what stands beside it. */
interface ServedIndex {
  size: number;
  /** New and changed items beside it, which the next build folds in. */
  fresh: number;
  /** Its vectors that are not found any more: of withdrawn items, or of items that have changed. */
  outdated: number;
  /** New items that wait for a training, since the model knows items by their ids alone. */
  waiting: number;
}

interface ServingHealth {
  /** `starting`: nothing to serve yet. `degraded`: it answers, but `problems` need somebody. */
  status: 'ok' | 'degraded' | 'starting';
  problems: string[];
  /** What does the work of something faster that is not here, a sentence each. */
  fallbacks: string[];
  dataset: string | null;
  /** What answers now: one entry a model that an experiment or the default needs. */
  models: (AnsweredBy['model'] & { index: AnsweredBy['index'] & ServedIndex })[];
  experiments: { id: string; name: string; arms: string[] }[];
  rankerId: string | null;
  /** When the plan last changed, ISO 8601. */
  since: string | null;
}

export interface Serving extends AsyncDisposable {
  /** What the database says should be served, as of the last look. */
  readonly plan: Plan;
  /** Of all models since the start. */
  readonly userVectorCache: CacheCount;
  retrieve(request: RetrieveRequest): Promise<RetrieveAnswer>;
  similarItems(request: SimilarItemsRequest): Promise<SimilarItemsAnswer>;
  /** The users whom the model sees as most alike. @throws DuetError `not-found` for one whom it does not know */
  similarUsers(request: SimilarUsersRequest): Promise<SimilarUsersAnswer>;
  search(request: SearchRequest): Promise<SearchAnswer>;
  /** @throws DuetError `not-found` */
  item(itemId: string): Promise<ShownItem & { currency: string }>;
  shoppers(request: { limit: number; search?: string }): Promise<Shopper[]>;
  history(request: { userId: string; limit: number }): Promise<(ShownItem & { at: string | null })[]>;
  /** What the dataset says of a user, by column; nothing of somebody it does not know. */
  userAttributes(datasetId: string, userId: string): Promise<Record<string, string>>;
  health(): ServingHealth;
  /** Looks at the database now and not at the next turn; resolves when what it says is served. */
  refresh(): Promise<void>;
}

export interface ServingOptions {
  db: Database;
  dataDir: string;
  /** Runs the user towers. */
  executor: Executor;
  logger: Logger;
  /** Time between two looks at what should be served; a catalogue's edits and new events are read four times as often. */
  pollMs?: number;
}

/** Retrievers kept open for callers who name a model that nothing else needs. */
const spareRetrievers = 4;
/** A retriever that could not be opened is tried again after this time, or when the plan changes. */
const retryMs = 30_000;

/**
 * Opens what the database says should be served, and follows it: a new index, model, experiment or ranker is served
 * within two looks, an edited item within a second, without a request failing or waiting for it.
 */
export async function openServing(options: ServingOptions): Promise<Serving> {
  const serving = new DatabaseServing(options);
  await serving.refresh();
  serving.follow();
  return serving;
}

class DatabaseServing implements Serving {
  readonly userVectorCache = { hits: 0, misses: 0 };
  plan: Plan = {
    dataset: undefined,
    models: [],
    pinned: [],
    rankers: {},
    rules: {},
    decidedModelId: null,
    experiments: [],
  };
  #planText = '';
  #since: string | null = null;
  #retryAt = Infinity;
  #problems = new Map<string, string>();
  /** Of models whose planned retriever cannot be opened: the one that served them before. */
  #previous = new Map<string, PlannedModel>();
  #engines = new Map<string, string>();
  #served = new Map<string, ServedIndex>();
  #recent: RecentEvents;
  #titles = new WeakMap<ServedDataset, Promise<TitleSearch>>();
  #datasets = new Map<string, Promise<ServedDataset>>();
  #rankers = new Map<string, Promise<RankerParameters>>();
  #retrievers: Pool<Retriever>;
  #models: OpenModels;
  #fallbacks: string[];
  #options: ServingOptions;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #looking: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #closed = false;

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#recent = new RecentEvents(options.db);
    this.#models = new OpenModels({ ...options, count: this.userVectorCache });
    this.#fallbacks = fallbacksOf(options.executor);
    this.#retrievers = createPool(spareRetrievers, (err) => options.logger.error({ err }, 'an index did not close'));
  }

  follow(): void {
    const { pollMs = 2_000 } = this.#options;
    this.#repeat(pollMs, () => this.#lookOnce());
    this.#repeat(pollMs / 4, () => this.#followOnce());
  }

  #repeat(everyMs: number, work: () => Promise<void>): void {
    if (this.#closed) return;
    const timer = setTimeout(async () => {
      const knownDown = this.#problems.has('database');
      await work().catch((err) => {
        if (!knownDown) this.#options.logger.warn({ err }, 'could not follow the database; what was served still is');
      });
      this.#timers.delete(timer);
      this.#repeat(everyMs, work);
    }, everyMs);
    this.#timers.add(timer);
  }

  async refresh(): Promise<void> {
    await this.#lookOnce();
    await this.#followOnce();
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
      const plan = await readPlan(this.#options.db);
      const text = JSON.stringify(plan);
      if (text !== this.#planText || Date.now() >= this.#retryAt) await this.#swapTo(plan, text);
      this.#letGo();
      this.#problems.delete('database');
    } catch (error) {
      // Prisma's last line says what is wrong, the others which call it was.
      const reason = (error as Error).message.trim().split('\n').at(-1);
      this.#problems.set('database', `The database cannot be read: ${reason}`);
      throw error;
    }
  }

  /** Takes over the edits of the catalogues and the new events, and brings what answers in step with them. */
  async #followData(): Promise<void> {
    await this.#recent.follow();
    for (const loading of this.#datasets.values()) {
      const dataset = await loading.catch(() => undefined);
      if (dataset !== undefined) await followCatalogue(dataset);
    }
    await this.#retrievers.each(async (retriever) => {
      await retriever.delta.follow();
      this.#served.set(retriever.planned.indexId, besideIndex(retriever));
    });
  }

  /** Opens everything first, then swaps in one turn of the event loop: a request sees the old plan or the new. */
  async #swapTo(plan: Plan, text: string): Promise<void> {
    const { logger } = this.#options;
    const problems = new Map<string, string>();
    const previous = new Map<string, PlannedModel>();
    const engines = new Map<string, string>();
    const needed = neededModels(plan);
    for (const planned of needed) {
      try {
        await this.#use(planned, (retriever) => {
          engines.set(planned.indexId, retriever.index.engine);
          this.#served.set(planned.indexId, besideIndex(retriever));
        });
      } catch (err) {
        problems.set(planned.modelId, (err as Error).message);
        const before = this.#previous.get(planned.modelId) ?? this.#servedAs(planned.modelId);
        const open = before && this.#engines.get(before.indexId);
        if (open !== undefined) {
          previous.set(planned.modelId, before!);
          engines.set(before!.indexId, open);
        }
        logger.error({ err, model: planned.name, still: before?.indexId ?? null }, 'a model cannot be served');
      }
    }
    const rankers = [...Object.values(plan.rankers), ...plan.experiments.flatMap(({ rankerId }) => rankerId ?? [])];
    const others: [string, Promise<unknown>][] = rankers.map((id) => [id, this.#ranker(id)]);
    if (plan.dataset !== undefined) others.push([plan.dataset.id, this.#dataset(plan.dataset.id)]);
    for (const [id, loading] of others) {
      await loading.catch((err) => {
        problems.set(id, (err as Error).message);
        logger.error({ err, id }, 'a ranker or dataset cannot be loaded');
      });
    }

    if (text !== this.#planText) {
      this.#since = new Date().toISOString();
      logger.info({ models: needed.map(({ name, indexId }) => `${name}/${indexId}`) }, 'the plan changed');
    }
    this.plan = plan;
    this.#planText = text;
    this.#previous = previous;
    this.#problems = problems;
    this.#retryAt = problems.size > 0 ? Date.now() + retryMs : Infinity;
    this.#engines = engines;
  }

  /** Closes what the plan does not list any more, and what is open for nobody but a caller long gone. */
  #letGo(): void {
    const { models, pinned, dataset } = this.plan;
    const needed = [...neededModels(this.plan), ...this.#previous.values()];
    this.#retrievers.keep(new Set(needed.map(retrieverKey)), new Set([...models, ...pinned].map(retrieverKey)));
    const datasets = new Set([dataset?.id, ...models.map(({ datasetId }) => datasetId)]);
    for (const id of this.#datasets.keys()) if (!datasets.has(id)) this.#datasets.delete(id);
    const indexes = new Set([...needed, ...models, ...pinned].map(({ indexId }) => indexId));
    for (const id of this.#served.keys()) if (!indexes.has(id)) this.#served.delete(id);
  }

  #servedAs(modelId: string): PlannedModel | undefined {
    return neededModels(this.plan).find((planned) => planned.modelId === modelId);
  }

  #dataset(id: string): Promise<ServedDataset> {
    return remembered(this.#datasets, id, () => loadDataset(this.#options, id));
  }

  #ranker(id: string): Promise<RankerParameters> {
    return remembered(this.#rankers, id, async () => {
      const row = await this.#options.db.prisma.ranker.findUnique({ where: { id } });
      if (row === null) throw new DuetError('not-found', `There is no ranker ${id}.`);
      return parseRanker(id, row.parameters);
    });
  }

  #use<R>(planned: PlannedModel, work: (retriever: Retriever, dataset: ServedDataset) => Promise<R> | R): Promise<R> {
    const open = async () => {
      const { catalogue } = await this.#dataset(planned.datasetId);
      return openRetriever({ dataDir: this.#options.dataDir, models: this.#models }, planned, catalogue);
    };
    return this.#retrievers.use(retrieverKey(planned), open, async (retriever) =>
      work(retriever, await this.#dataset(planned.datasetId)),
    );
  }

  #choose(wanted: { modelId?: string | undefined; indexId?: string | null | undefined }): PlannedModel {
    const planned = chooseModel(this.plan, wanted);
    return this.#previous.get(planned.modelId) ?? planned;
  }

  /** The served dataset. @throws DuetError `unavailable` where there is none yet */
  async #servedDataset(): Promise<ServedDataset> {
    return this.#dataset(this.plan.dataset?.id ?? this.#choose({}).datasetId);
  }

  async retrieve(request: RetrieveRequest): Promise<RetrieveAnswer> {
    return this.#use(this.#choose(request), async (retriever, dataset) => {
      const id = request.rankerId === undefined ? this.plan.rankers[dataset.id] : request.rankerId;
      // A ranker that cannot be read is a problem in `health`, not a page without recommendations.
      const parameters = id ? await this.#ranker(id).catch(() => undefined) : undefined;
      const ranker = parameters && { id: id!, parameters };
      const rules = this.#rules(dataset, request);
      return recommend(retriever, dataset, this.#withRecent(request, dataset), { ranker, rules });
    });
  }

  #rules({ id, catalogue }: ServedDataset, at: Pick<RetrieveRequest, 'placement' | 'situation'>): RulesInForce {
    const now = at.situation?.time === undefined ? new Date() : new Date(at.situation.time * 1000);
    return rulesInForce(this.plan.rules[id] ?? [], catalogue, { placement: at.placement, now });
  }

  /** What a user did lately is known of the user, not of a query, and was not known at another time than now. */
  #withRecent(request: RetrieveRequest, { queryId }: ServedDataset): RetrieveRequest {
    const { userId, query, situation, recent } = request;
    const now = situation?.time === undefined || Math.abs(situation.time - Date.now() / 1000) < 60;
    if (recent !== undefined || userId === undefined || query !== undefined || queryId !== undefined || !now)
      return request;
    return { ...request, recent: this.#recent.of(userId) };
  }

  async similarItems({ modelId, ...request }: SimilarItemsRequest): Promise<SimilarItemsAnswer> {
    return this.#use(this.#choose({ modelId }), (retriever, dataset) =>
      similar(retriever, dataset, request, this.#rules(dataset, request)),
    );
  }

  async similarUsers({ userId, k, modelId }: SimilarUsersRequest): Promise<SimilarUsersAnswer> {
    return this.#use(this.#choose({ modelId }), async (retriever, dataset) => {
      const asker = askerOf(dataset, { userId });
      const { vectors, known } = await retriever.userVectors({ id: asker }, 0);
      if (!known) {
        throw new DuetError('not-found', `Model ${retriever.planned.name} knows nothing of user ${userId}.`, {
          fix: 'catalogue.shoppers lists users that it may know.',
        });
      }
      const index = await retriever.users(dataset);
      const nearest = await index.nearest(vectors, k, dataset.userRow.get(asker));
      const { interactions, users } = dataset;
      return {
        ...answeredBy(retriever, dataset),
        users: nearest.map(({ user, score }) => ({
          userId: interactions.users[user]!,
          title: users.title[user]!,
          attributes: Object.fromEntries(
            Object.entries(users.attributes).map(([name, values]) => [name, values[user]!]),
          ),
          score,
        })),
      };
    });
  }

  async search(request: SearchRequest): Promise<SearchAnswer> {
    return this.#use(this.#choose(request), (retriever, dataset) => {
      const titles = () => remembered(this.#titles, dataset, () => TitleSearch.open(dataset.catalogue));
      return search(retriever, dataset, titles, request, this.#rules(dataset, request));
    });
  }

  async item(itemId: string): Promise<ShownItem & { currency: string }> {
    const dataset = await this.#servedDataset();
    return { ...showItem(dataset, rowOfItem(dataset, itemId)), currency: dataset.currency };
  }

  async shoppers({ limit, search }: { limit: number; search?: string }): Promise<Shopper[]> {
    return shoppersOf(await this.#servedDataset(), limit, search);
  }

  async history({ userId, limit }: { userId: string; limit: number }): Promise<(ShownItem & { at: string | null })[]> {
    return historyOf(await this.#servedDataset(), userId, limit);
  }

  async userAttributes(datasetId: string, userId: string): Promise<Record<string, string>> {
    const { userRow, users } = await this.#dataset(datasetId);
    const row = userRow.get(userId);
    if (row === undefined) return {};
    return Object.fromEntries(Object.entries(users.attributes).map(([name, values]) => [name, values[row]!]));
  }

  health(): ServingHealth {
    const { dataset, experiments, rankers } = this.plan;
    const models = neededModels(this.plan)
      .map((planned) => this.#previous.get(planned.modelId) ?? planned)
      .flatMap(({ modelId, name, kind, indexId, version, factory }) => {
        const engine = this.#engines.get(indexId);
        const served = this.#served.get(indexId);
        if (engine === undefined || served === undefined) return [];
        return [{ id: modelId, name, kind, index: { id: indexId, version, factory, engine, ...served } }];
      });
    return {
      status: models.length === 0 ? 'starting' : this.#problems.size > 0 ? 'degraded' : 'ok',
      // Everybody may ask: where the data folder lies is nobody's business.
      problems: [...this.#problems.values()].map((problem) => problem.replaceAll(`${this.#options.dataDir}${sep}`, '')),
      fallbacks: this.#fallbacks,
      dataset: dataset?.name ?? null,
      models,
      experiments: experiments.map(({ id, name, arms }) => ({ id, name, arms: arms.map((arm) => arm.name) })),
      rankerId: (dataset && rankers[dataset.id]) ?? null,
      since: this.#since,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#looking?.catch(() => {});
    await this.#following?.catch(() => {});
    await this.#retrievers[Symbol.asyncDispose]();
  }
}

function fallbacksOf({ name }: Executor): string[] {
  const { engine, without } = engineInUse();
  const why = 'npx duet doctor says why.';
  return [
    without.length > 0 ? `Indexes are searched by ${engine}, without ${without.join(' and ')}: ${why}` : '',
    name === 'onnx' ? '' : `User vectors are made by ${name}, without ONNX Runtime: ${why}`,
  ].filter((sentence) => sentence !== '');
}

const besideIndex = ({ index, delta }: Retriever): ServedIndex => ({
  size: index.size,
  fresh: delta.rows?.catalogueRow.length ?? 0,
  outdated: delta.outdated,
  waiting: delta.waiting,
});

/** What a plan needs open before any request comes: every arm's model, and the default. */
function neededModels(plan: Plan): PlannedModel[] {
  if (plan.models.length === 0) return [];
  const arms = plan.experiments.flatMap((experiment) => experiment.arms);
  const wanted = [{}, ...arms].flatMap((arm) => {
    try {
      return chooseModel(plan, arm);
    } catch {
      return []; // An arm whose model has no index: its requests say so.
    }
  });
  return [...new Map(wanted.map((planned) => [retrieverKey(planned), planned])).values()];
}

interface Kept<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
  delete(key: K): boolean;
}

/** The promise kept under a key, made where there is none; a failure is not kept. */
function remembered<K, T>(kept: Kept<K, Promise<T>>, key: K, make: () => Promise<T>): Promise<T> {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const made = make();
  kept.set(key, made);
  made.catch(() => kept.delete(key));
  return made;
}
