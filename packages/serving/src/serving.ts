import { DuetError, type Logger } from '@duet/base';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { type RulesInForce, rulesInForce } from '@duet/ranking';
import {
  type AnsweredBy,
  answeredBy,
  type OfDataset,
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
import { TitleSearch } from './catalogue/title-search.ts';
import {
  historyOf,
  requesterOf,
  rowOfItem,
  type ServedDataset,
  type Shopper,
  type ShownItem,
  shoppersOf,
  showItem,
  showUser,
  userAttributesOf,
} from './dataset.ts';
import { Follower } from './lifecycle/follow.ts';
import { fallbacksOf, healthOf, type ServingHealth } from './lifecycle/health.ts';
import { Opened } from './lifecycle/opened.ts';
import { chooseModel, type ModelChoice, type Plan, type PlannedModel } from './lifecycle/plan.ts';
import { remembered } from './lifecycle/remembered.ts';
import type { CacheCount } from './users/user-vectors.ts';

export interface SimilarUsersRequest extends OfDataset {
  userId: string;
  k: number;
  modelId?: string | undefined;
}

export interface SimilarUsersAnswer extends AnsweredBy {
  users: { userId: string; title: string; attributes: Record<string, string>; score: number }[];
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
  item(request: OfDataset & { itemId: string }): Promise<ShownItem & { currency: string }>;
  shoppers(request: OfDataset & { limit: number; search?: string }): Promise<Shopper[]>;
  history(request: OfDataset & { userId: string; limit: number }): Promise<(ShownItem & { at: string | null })[]>;
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

/**
 * Opens what the database says should be served, and follows it: a new index, model, experiment or ranker is served
 * within two looks, an edited item within a second, without a request failing or waiting for it.
 */
export async function openServing(options: ServingOptions): Promise<Serving> {
  const opened = new Opened(options);
  const follower = new Follower(options, opened);
  await follower.refresh();
  follower.start(options.pollMs ?? 2_000);
  return new DatabaseServing(options, opened, follower);
}

class DatabaseServing implements Serving {
  #opened: Opened;
  #follower: Follower;
  #dataDir: string;
  #fallbacks: string[];
  #titles = new WeakMap<ServedDataset, Promise<TitleSearch>>();

  constructor({ dataDir, executor }: ServingOptions, opened: Opened, follower: Follower) {
    this.#dataDir = dataDir;
    this.#fallbacks = fallbacksOf(executor);
    this.#opened = opened;
    this.#follower = follower;
  }

  get plan(): Plan {
    return this.#follower.served.plan;
  }

  get userVectorCache(): CacheCount {
    return this.#opened.userVectorCache;
  }

  refresh(): Promise<void> {
    return this.#follower.refresh();
  }

  #choose(wanted: ModelChoice): PlannedModel {
    const { plan, previous } = this.#follower.served;
    const planned = chooseModel(plan, wanted);
    return previous.get(planned.modelId) ?? planned;
  }

  /** A dataset, by default the one that is served. @throws DuetError `unavailable` where nothing of it is served yet */
  async #servedDataset({ datasetId = this.plan.dataset?.id }: OfDataset): Promise<ServedDataset> {
    const isServed = this.plan.models.some((planned) => planned.datasetId === datasetId);
    return this.#opened.dataset(isServed ? datasetId! : this.#choose({ datasetId }).datasetId);
  }

  async retrieve(request: RetrieveRequest): Promise<RetrieveAnswer> {
    return this.#opened.use(this.#choose(request), async (retriever, dataset) => {
      const id = request.rankerId === undefined ? this.plan.rankers[dataset.id] : request.rankerId;
      // A ranker that cannot be read is a problem in `health`, not a page without recommendations.
      const parameters = id ? await this.#opened.ranker(id).catch(() => undefined) : undefined;
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
    return { ...request, recent: this.#follower.recent.of(userId) };
  }

  async similarItems(request: SimilarItemsRequest): Promise<SimilarItemsAnswer> {
    return this.#opened.use(this.#choose(request), (retriever, dataset) =>
      similar(retriever, dataset, request, this.#rules(dataset, request)),
    );
  }

  async similarUsers({ userId, k, ...wanted }: SimilarUsersRequest): Promise<SimilarUsersAnswer> {
    return this.#opened.use(this.#choose(wanted), async (retriever, dataset) => {
      const requester = requesterOf(dataset, { userId });
      const { vectors, known } = await retriever.userVectors({ id: requester }, 0);
      if (!known) {
        throw new DuetError('not-found', `Model ${retriever.planned.name} knows nothing of user ${userId}.`, {
          fix: 'catalogue.shoppers lists users that it may know.',
        });
      }
      const index = await retriever.users(dataset);
      const nearest = await index.nearest(vectors, k, requester);
      const users = nearest.flatMap(({ userId: id, score }) => {
        const row = dataset.userRow.get(id);
        return row === undefined ? [] : [{ ...showUser(dataset, row), score }];
      });
      return { ...answeredBy(retriever, dataset), users };
    });
  }

  async search(request: SearchRequest): Promise<SearchAnswer> {
    return this.#opened.use(this.#choose(request), (retriever, dataset) => {
      const titles = () => remembered(this.#titles, dataset, () => TitleSearch.open(dataset.catalogue));
      return search(retriever, dataset, titles, request, this.#rules(dataset, request));
    });
  }

  async item({ itemId, ...wanted }: OfDataset & { itemId: string }): Promise<ShownItem & { currency: string }> {
    const dataset = await this.#servedDataset(wanted);
    return { ...showItem(dataset, rowOfItem(dataset, itemId)), currency: dataset.currency };
  }

  async shoppers({ limit, search, ...wanted }: OfDataset & { limit: number; search?: string }): Promise<Shopper[]> {
    return shoppersOf(await this.#servedDataset(wanted), limit, search);
  }

  async history({
    userId,
    limit,
    ...wanted
  }: OfDataset & { userId: string; limit: number }): Promise<(ShownItem & { at: string | null })[]> {
    return historyOf(await this.#servedDataset(wanted), userId, limit);
  }

  async userAttributes(datasetId: string, userId: string): Promise<Record<string, string>> {
    return userAttributesOf(await this.#opened.dataset(datasetId), userId);
  }

  health(): ServingHealth {
    const { served, staleSince } = this.#follower;
    return healthOf(served, { fallbacks: this.#fallbacks, dataDir: this.#dataDir, staleSince });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]();
    await this.#opened[Symbol.asyncDispose]();
  }
}
