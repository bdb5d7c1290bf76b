import { DuetError } from '@duet/base';
import { factorOf, type RulesInForce, withPins } from '@duet/ranking';
import { checkFilter, type Filter } from '../catalogue/filter.ts';
import { boughtBy, rowOfItem, type ServedDataset, type ShownItem, showItem } from '../dataset.ts';
import type { Retriever } from '../retriever.ts';
import { type Retrieved, searchVisible } from '../search.ts';
import type { RecentHistory } from '../users/recent-events.ts';
import { catalogueRows, inStockOnly, type MaySee, maySee, type Visible, withoutBlocked } from '../visible.ts';
import type { Activity } from './activity.ts';
import { boughtTogether } from './bought-together.ts';
import { newestItems } from './new-arrivals.ts';
import { popularIn, trendingIn, type Window } from './popular.ts';
import { recentlyViewed } from './recently-viewed.ts';

export const listNames = ['popular', 'trending', 'new', 'recently-viewed', 'bought-together'] as const;
export type ListName = (typeof listNames)[number];

/** What a list needs beside the dataset. */
interface ListContext {
  /** Events since the data. */
  live: Activity | undefined;
  /** The model that is deployed; undefined where none is. */
  retriever: Retriever | undefined;
  recent: RecentHistory | undefined;
  visible: Visible;
}

export interface ListRequest {
  datasetId?: string | undefined;
  /** Items to answer with. */
  k: number;
  /** Whose purchases are left out, and whose views are listed. */
  userId?: string | undefined;
  /** Of bought-together: what is looked at, or in the basket. */
  itemIds?: readonly string[] | undefined;
  /** Of popular and trending. */
  window?: Window | undefined;
  placement?: string | undefined;
  filter?: Filter | undefined;
  exclude?: readonly string[] | undefined;
  /** What becomes of what the user bought; hidden by default, where there is a user. */
  seen?: 'hide' | 'show' | undefined;
}

/** Where an item of a list comes from: the list that was asked for, or what fills it up. */
export type ListSource = ListName | 'similar';

export interface ListAnswer {
  currency: string;
  placement: string;
  /** Of the first item. */
  source: ListSource;
  /** Why another list fills this one up, a sentence each. */
  fallbacks: string[];
  items: (ShownItem & {
    /** Of its source: comparable within it alone. */
    score: number;
    source: ListSource;
    rules: string[];
  })[];
}

type Find = (
  dataset: ServedDataset,
  context: ListContext,
  request: ListRequest,
) => readonly Retrieved[] | Promise<readonly Retrieved[]>;

interface List {
  find: Find;
  /** What fills it up, in order; nothing where an empty list is the truth. */
  filledBy: readonly ListSource[];
  /** Whether the shop's pins are put into it. A list about an item or a user has none. */
  pins: boolean;
  /** Why it is shorter than was asked, where it is. */
  short: string;
}

const similarToFirst: Find = async (dataset, { retriever, visible }, { itemIds = [], k }) => {
  const row = dataset.catalogue.rowOf.get(itemIds[0] ?? '');
  if (retriever === undefined || row === undefined) return [];
  return searchVisible(retriever, await retriever.alike(row), k, visible);
};

const similar: List = { find: similarToFirst, filledBy: [], pins: false, short: 'No model says what is similar.' };

/** All lists; one is added by its file and its line. */
const lists: Record<ListName, List> = {
  popular: {
    find: (dataset, { live }, { window = 'month' }) => popularIn(dataset, live, window),
    filledBy: ['popular'],
    pins: true,
    short: 'Too little was bought in that time.',
  },
  trending: {
    find: (dataset, { live }, { window = 'week' }) => trendingIn(dataset, live, window === 'day' ? 'day' : 'week'),
    filledBy: ['popular'],
    pins: true,
    short: 'Too few items sell more than before.',
  },
  new: {
    find: (dataset) => newestItems(dataset),
    filledBy: ['popular'],
    pins: true,
    short: 'Of too few items it is known since when they are there.',
  },
  'recently-viewed': {
    find: (dataset, { recent }, { userId }) => recentlyViewed(dataset, userId, recent),
    filledBy: [],
    pins: false,
    short: '',
  },
  'bought-together': {
    find: (dataset, _, { itemIds = [] }) =>
      boughtTogether(
        dataset,
        itemIds.map((itemId) => rowOfItem(dataset, itemId)),
      ),
    filledBy: ['similar', 'popular'],
    pins: false,
    short: 'Too little was bought together with it.',
  },
};

const sourceOf = (source: ListSource): List => (source === 'similar' ? similar : lists[source]);

/** What a request of a list must say. @throws DuetError `bad-input` */
function checkListRequest(name: ListName, { userId, itemIds = [] }: ListRequest): void {
  if (name === 'recently-viewed' && userId === undefined) {
    throw new DuetError('bad-input', 'Say whose views: a userId.', { where: { field: 'userId' } });
  }
  if (name === 'bought-together' && itemIds.length === 0) {
    throw new DuetError('bad-input', 'Say together with what: itemIds.', { where: { field: 'itemIds' } });
  }
}

/**
 * A list that is the same for everybody, or about an item or a visit: its own items first, then what fills it up, each
 * with its source; without what the user bought, what the shop blocks, what is withdrawn or out of stock.
 *
 * @throws DuetError `not-found` for an item that there is not, `bad-input`
 */
export async function listOf(
  name: ListName,
  dataset: ServedDataset,
  context: Omit<ListContext, 'visible'>,
  request: ListRequest,
  rules: RulesInForce,
): Promise<ListAnswer> {
  checkListRequest(name, request);
  const { k, placement = '' } = request;
  const { visible, mayPin } = visibleIn(dataset, context.recent, request, rules);
  const seen = maySee(dataset.catalogue, visible);
  const found: (Retrieved & { source: ListSource; rules: string[] })[] = [];
  const taken = new Set<number>();
  const fallbacks: string[] = [];
  const chain: ListSource[] = [name, ...lists[name].filledBy];
  for (const [step, source] of chain.entries()) {
    // What fills up is of all times.
    const asked: ListRequest = step === 0 ? { ...request, k } : { ...request, k, window: 'all' };
    const own = await sourceOf(source).find(dataset, { ...context, visible }, asked);
    const fresh = weighed(own, rules).filter(({ item }) => !taken.has(item) && seen(item));
    for (const one of fresh.slice(0, k - found.length)) {
      taken.add(one.item);
      found.push({ ...one, source });
    }
    if (found.length === k) break;
    const { short } = sourceOf(source);
    if (step + 1 < chain.length && !fallbacks.includes(short)) fallbacks.push(short);
  }
  const pinned = (lists[name].pins ? rules.pins : [])
    .filter(({ item }) => mayPin(item))
    .map(({ item, place, rule }) => ({ item, score: 0, source: name as ListSource, rules: [rule.id], place }));
  const items = withPins<(typeof found)[number] & { place?: number }>(found, pinned as never).slice(0, k);
  return {
    currency: dataset.currency,
    placement,
    source: items[0]?.source ?? name,
    fallbacks,
    items: items.map(({ item, score, source, rules: moved }) => ({
      ...showItem(dataset, item),
      score,
      source,
      rules: moved,
    })),
  };
}

function visibleIn(
  dataset: ServedDataset,
  recent: RecentHistory | undefined,
  { userId, itemIds = [], filter: wished, exclude = [], seen = 'hide' }: ListRequest,
  rules: RulesInForce,
): { visible: Visible; mayPin: MaySee } {
  if (wished !== undefined) checkFilter(wished, dataset.catalogue);
  const filter = inStockOnly(dataset, wished);
  const excluded = catalogueRows(dataset, [...exclude, ...itemIds]);
  const hidden = new Set(excluded);
  if (userId !== undefined && seen === 'hide') {
    for (const row of catalogueRows(dataset, [...(recent?.ordered ?? [])])) hidden.add(row);
    // What was only looked at is what recently-viewed is about.
    for (const row of purchasesOf(dataset, userId)) hidden.add(row);
  }
  return {
    visible: withoutBlocked({ hidden, filter }, rules),
    mayPin: maySee(dataset.catalogue, { hidden: excluded, filter }),
  };
}

function* purchasesOf(dataset: ServedDataset, userId: string): Iterable<number> {
  const { hides } = dataset.interactions;
  const user = dataset.userRow.get(userId);
  const from = user === undefined ? 0 : dataset.userStart[user]!;
  for (const [at, item] of boughtBy(dataset, userId).entries()) {
    if (hides === undefined || hides[from + at] === 1) yield item;
  }
}

/** Boosts and buries move items by a factor on 1 / place, as they do where there is no ranker. */
function weighed(found: readonly Retrieved[], { weighing }: RulesInForce): (Retrieved & { rules: string[] })[] {
  const all = found.map(({ item, score }, place) => {
    const moving = weighing?.(item) ?? [];
    const factor = moving.reduce((product, rule) => product * factorOf(rule), 1);
    return { item, score, place: factor / (place + 1), rules: moving.map(({ id }) => id) };
  });
  if (weighing !== undefined) all.sort((a, b) => b.place - a.place);
  return all.map(({ place: _, ...one }) => one);
}
