import { DuetError, type Logger } from '@duet/base';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { type RulesInForce, rulesInForce } from '@duet/ranking';
import { type RetrieveAnswer, type RetrieveRequest, recommend, recommendPopular, type Shaping } from './answer.ts';
import { type AnsweredBy, answeredBy, answeredByNone, type OfDataset } from './answered-by.ts';
import type { BulkRequest } from './bulk/collected.ts';
import { type BulkMaker, bulkMaker } from './bulk/everybody.ts';
import { checkFilter } from './catalogue/filter.ts';
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
import { withFields } from './item-fields.ts';
import {
  type SearchAnswer,
  type SearchRequest,
  type SimilarItemsAnswer,
  type SimilarItemsRequest,
  search,
  similar,
  similarPopular,
} from './item-lists.ts';
import { Follower } from './lifecycle/follow.ts';
import { fallbacksOf, healthOf, type ServingHealth } from './lifecycle/health.ts';
import { Opened, OutOfOrder } from './lifecycle/opened.ts';
import { chooseDataset, chooseModel, type ModelChoice, type Plan, type PlannedModel } from './lifecycle/plan.ts';
import { remembered } from './lifecycle/remembered.ts';
import { type ListAnswer, type ListName, type ListRequest, listOf } from './lists/lists.ts';
import { ListOrderer } from './ranked.ts';
import type { Retriever } from './retriever.ts';
import type { KeptArms, RecentHistory } from './users/recent-events.ts';
import type { CacheCount } from './users/user-vectors.ts';

export interface SimilarUsersRequest extends OfDataset {
  userId: string;
  k: number;
  modelId?: string | undefined;
}

interface ItemRequest extends OfDataset {
  itemId: string;
  /** Attributes of the item that the answer carries. */
  fields?: readonly string[] | undefined;
}

export interface SimilarUsersAnswer extends AnsweredBy {
  users: { userId: string; title: string; attributes: Record<string, string>; score: number }[];
}

export interface Serving extends AsyncDisposable {
  /** The data folder that it reads. */
  readonly dataDir: string;
  /** What the database says should be served, as of the last look. */
  readonly plan: Plan;
  /** Of all models since the start. */
  readonly userVectorCache: CacheCount;
  retrieve(request: RetrieveRequest): Promise<RetrieveAnswer>;
  similarItems(request: SimilarItemsRequest): Promise<SimilarItemsAnswer>;
  /** The users whom the model sees as most alike. @throws DuetError `not-found` for one whom it does not know */
  similarUsers(request: SimilarUsersRequest): Promise<SimilarUsersAnswer>;
  search(request: SearchRequest): Promise<SearchAnswer>;
  /** A list that needs no model, or is about an item or a visit. @throws DuetError `bad-input`, `not-found` */
  list(name: ListName, request: ListRequest): Promise<ListAnswer>;
  /** Runs `work` with what makes the lists of all users, or of all items, by one model from beginning to end. */
  bulk<Answer>(request: BulkRequest, work: (maker: BulkMaker) => Promise<Answer>): Promise<Answer>;
  /** @throws DuetError `not-found` */
  item(request: ItemRequest): Promise<ShownItem & { currency: string }>;
  shoppers(request: OfDataset & { limit: number; search?: string }): Promise<Shopper[]>;
  history(request: OfDataset & { userId: string; limit: number }): Promise<(ShownItem & { at: string | null })[]>;
  /** What the dataset says of a user, by column; nothing of somebody it does not know. */
  userAttributes(datasetId: string, userId: string): Promise<Record<string, string>>;
  /** Arms that a user keeps from before a log-in, by experiment; undefined where there are none. */
  keptArms(datasetId: string, userId: string): KeptArms | undefined;
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
  /**
   * Time between two looks at what should be served; a catalogue's edits and new events are read four times as often.
   */
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

/** Whether a model or its index cannot be used, whoever asks. */
const isOutOfOrder = (error: unknown): boolean =>
  error instanceof DuetError && ['corrupt', 'not-found', 'unavailable'].includes(error.code);

class DatabaseServing implements Serving {
  #opened: Opened;
  #follower: Follower;
  readonly dataDir: string;
  #fallbacks: string[];
  #titles = new WeakMap<ServedDataset, Promise<TitleSearch>>();
  #orderer = new ListOrderer();

  constructor({ dataDir, executor }: ServingOptions, opened: Opened, follower: Follower) {
    this.dataDir = dataDir;
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

  /** What answers for a request; undefined where popular items do. */
  #choose(choice: ModelChoice): PlannedModel | undefined {
    const { plan, previous } = this.#follower.served;
    const planned = chooseModel(plan, choice);
    return planned && (previous.get(planned.modelId) ?? planned);
  }

  /** As {@link Opened.use}; what is out of order is said in `health`. */
  async #use<Answer>(
    planned: PlannedModel,
    work: (retriever: Retriever, dataset: ServedDataset) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await this.#opened.use(planned, work);
    } catch (error) {
      if (error instanceof OutOfOrder) this.#follower.note(error.modelId, error);
      throw error;
    }
  }

  /**
   * Has the model of a request answer it. Where nothing is deployed, or what is deployed is out of order, `without`
   * answers and is told why; a model that the request names is not stood in for.
   */
  async #answer<Answer>(
    choice: ModelChoice,
    by: (retriever: Retriever, dataset: ServedDataset) => Promise<Answer>,
    without: (dataset: ServedDataset, because: string[]) => Promise<Answer> | Answer,
  ): Promise<Answer> {
    if ((choice.modelId ?? choice.indexId) != null) return this.#use(this.#choose(choice)!, by);
    const datasetId = chooseDataset(this.plan, choice);
    let because = [`No model is deployed for ${this.plan.datasets[datasetId]}.`];
    try {
      const planned = this.#choose({ ...choice, datasetId });
      if (planned !== undefined) return await this.#use(planned, by);
    } catch (error) {
      if (!isOutOfOrder(error)) throw error;
      because = [`What is deployed cannot answer: ${(error as Error).message}`];
    }
    return without(await this.#opened.dataset(datasetId), because);
  }

  async #servedDataset(choice: OfDataset): Promise<ServedDataset> {
    return this.#opened.dataset(chooseDataset(this.plan, choice));
  }

  /** What a list is made with. A ranker that cannot be read is a problem in `health`, not a page without one. */
  async #shaping(
    dataset: ServedDataset,
    request: Pick<RetrieveRequest, 'rankerId' | 'placement' | 'situation'>,
  ): Promise<Shaping> {
    const id = request.rankerId === undefined ? this.plan.rankers[dataset.id] : request.rankerId;
    const parameters = id ? await this.#opened.ranker(id).catch(() => undefined) : undefined;
    const { language, demoteAfter } = this.plan.storefront[dataset.id] ?? {};
    const rules = this.#rules(dataset, request);
    const ranker = parameters && { id: id!, parameters };
    return { ranker, orderer: this.#orderer, rules, language, demoteAfter };
  }

  async retrieve(request: RetrieveRequest): Promise<RetrieveAnswer> {
    const asked = (dataset: ServedDataset) => this.#withRecent(request, dataset);
    return this.#answer(
      request,
      async (retriever, dataset) => {
        const shaping = await this.#shaping(dataset, request);
        return withFields(dataset, request.fields, await recommend(retriever, dataset, asked(dataset), shaping));
      },
      async (dataset, because) => {
        const shaping = await this.#shaping(dataset, request);
        return withFields(dataset, request.fields, recommendPopular(dataset, asked(dataset), shaping, because));
      },
    );
  }

  async bulk<Answer>(request: BulkRequest, work: (maker: BulkMaker) => Promise<Answer>): Promise<Answer> {
    const makerOf = (retriever: Retriever | undefined, dataset: ServedDataset) => {
      if (request.filter !== undefined) checkFilter(request.filter, dataset.catalogue);
      const recentOf = (userId: string) => this.#withRecent({ userId, k: request.k }, dataset).recent;
      const shaping = () => this.#shaping(dataset, request);
      return bulkMaker(request, { retriever, dataset, recentOf, shaping });
    };
    return this.#answer(
      request,
      (retriever, dataset) => work(makerOf(retriever, dataset)),
      (dataset) => work(makerOf(undefined, dataset)),
    );
  }

  #rules({ id, catalogue }: ServedDataset, at: Pick<RetrieveRequest, 'placement' | 'situation'>): RulesInForce {
    const now = at.situation?.time === undefined ? new Date() : new Date(at.situation.time * 1000);
    return rulesInForce(this.plan.rules[id] ?? [], catalogue, { placement: at.placement, now });
  }

  /** What a user did lately is known of the user, not of a query, and was not known at another time than now. */
  #withRecent(request: RetrieveRequest, dataset: ServedDataset): RetrieveRequest {
    const { userId, query, situation, recent } = request;
    const now = situation?.time === undefined || Math.abs(situation.time - Date.now() / 1000) < 60;
    if (recent !== undefined || userId === undefined || query !== undefined || dataset.queryId !== undefined || !now)
      return request;
    return { ...request, recent: this.#follower.recent.of(dataset.id, userId) };
  }

  async similarItems(request: SimilarItemsRequest): Promise<SimilarItemsAnswer> {
    const rules = (dataset: ServedDataset) => this.#rules(dataset, request);
    return this.#answer(
      request,
      async (retriever, dataset) =>
        withFields(dataset, request.fields, await similar(retriever, dataset, request, rules(dataset))),
      (dataset, because) => {
        const answered = answeredByNone(dataset, because);
        return withFields(dataset, request.fields, similarPopular(dataset, request, rules(dataset), answered));
      },
    );
  }

  async similarUsers({ userId, k, ...choice }: SimilarUsersRequest): Promise<SimilarUsersAnswer> {
    const planned = this.#choose(choice);
    if (planned === undefined) {
      throw new DuetError('unavailable', 'No model is deployed, so nothing knows which users are alike.', {
        fix: 'Deploy one: npx duet deploy, or name one in the request.',
      });
    }
    return this.#use(planned, async (retriever, dataset) => {
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
    const answer = async (retriever: Retriever | undefined, dataset: ServedDataset, because: string[]) => {
      const titles = () => remembered(this.#titles, dataset, () => TitleSearch.open(dataset.catalogue));
      const found = await search(retriever, dataset, titles, request, this.#rules(dataset, request), because);
      return withFields(dataset, request.fields, found);
    };
    return this.#answer(
      request,
      (retriever, dataset) => answer(retriever, dataset, []),
      (dataset, because) => answer(undefined, dataset, because),
    );
  }

  async list(name: ListName, request: ListRequest): Promise<ListAnswer> {
    const { recent } = this.#follower;
    const by = async (retriever: Retriever | undefined, dataset: ServedDataset) => {
      const from = { retriever, live: recent.activity(dataset.id), recent: undefined as RecentHistory | undefined };
      if (request.userId !== undefined) from.recent = recent.of(dataset.id, request.userId);
      const answer = await listOf(name, dataset, from, request, this.#rules(dataset, request));
      return withFields(dataset, request.fields, answer);
    };
    return this.#answer(request, by, (dataset) => by(undefined, dataset));
  }

  async item({ itemId, fields, ...choice }: ItemRequest): Promise<ShownItem & { currency: string }> {
    const dataset = await this.#servedDataset(choice);
    const { items } = withFields(dataset, fields, { items: [showItem(dataset, rowOfItem(dataset, itemId))] });
    return { ...items[0]!, currency: dataset.currency };
  }

  async shoppers({ limit, search, ...choice }: OfDataset & { limit: number; search?: string }): Promise<Shopper[]> {
    return shoppersOf(await this.#servedDataset(choice), limit, search);
  }

  async history({
    userId,
    limit,
    ...choice
  }: OfDataset & { userId: string; limit: number }): Promise<(ShownItem & { at: string | null })[]> {
    return historyOf(await this.#servedDataset(choice), userId, limit);
  }

  async userAttributes(datasetId: string, userId: string): Promise<Record<string, string>> {
    return userAttributesOf(await this.#opened.dataset(datasetId), userId);
  }

  keptArms(datasetId: string, userId: string): KeptArms | undefined {
    return this.#follower.recent.keptArms(datasetId, userId);
  }

  health(): ServingHealth {
    const { served, staleSince } = this.#follower;
    const { unreadable } = this.#opened;
    return healthOf(served, { fallbacks: this.#fallbacks, dataDir: this.dataDir, staleSince, unreadable });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]();
    await this.#opened[Symbol.asyncDispose]();
  }
}
