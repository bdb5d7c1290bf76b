import { DuetError } from '@duet/base';
import { type RulesInForce, withPins } from '@duet/ranking';
import { checkFilter, type Filter } from '../catalogue/filter.ts';
import { rowOfItem, type ServedDataset, type ShownItem, showItem } from '../dataset.ts';
import type { Retriever } from '../retriever.ts';
import { type Retrieved, searchVisible } from '../search.ts';
import type { RecentHistory } from '../users/recent-events.ts';
import { maySee, type Visible, visibleTo } from '../visible.ts';
import { weighed } from '../weighed.ts';
import { type Activity, counted } from './activity.ts';
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
  /** Attributes of the items that the answer carries. */
  fields?: readonly string[] | undefined;
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
  const vector = await retriever.alike(row);
  return vector === undefined ? [] : searchVisible(retriever, vector, k, visible);
};

const similar: List = { find: similarToFirst, filledBy: [], pins: false, short: 'No model says what is similar.' };

/** All lists; one is added by its file and its line. */
const lists: Record<ListName, List> = {
  popular: {
    find: (dataset, { live }, { window = 'month' }) =>
      counted(dataset, live, `popular ${window}`, () => popularIn(dataset, live, window)),
    filledBy: ['popular'],
    pins: true,
    short: 'Too little was bought in that time.',
  },
  trending: {
    find: (dataset, { live }, { window }) => {
      const short = window === 'day' ? 'day' : 'week';
      return counted(dataset, live, `trending ${short}`, () => trendingIn(dataset, live, short));
    },
    filledBy: ['popular'],
    pins: true,
    short: 'Too few items sell more than before.',
  },
  new: {
    find: (dataset) => counted(dataset, undefined, 'new', () => newestItems(dataset)),
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
  const { k, placement = '', filter, userId, itemIds = [], exclude = [] } = request;
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  const seenBefore = userId === undefined ? 'show' : request.seen;
  const wishes = { filter, seen: seenBefore, exclude: [...exclude, ...itemIds], recent: context.recent };
  const { visible, mayPin } = visibleTo(dataset, userId ?? '', [], wishes, rules);
  const seen = maySee(dataset.catalogue, visible);
  const found: (Retrieved & { source: ListSource; rules: string[] })[] = [];
  const taken = new Set<number>();
  const fallbacks: string[] = [];
  const chain: ListSource[] = [name, ...lists[name].filledBy];
  for (const [step, source] of chain.entries()) {
    // What fills up is of all times.
    const asked: ListRequest = step === 0 ? { ...request, k } : { ...request, k, window: 'all' };
    const sourceList = await sourceOf(source).find(dataset, { ...context, visible }, asked);
    // Without rules that weigh, the list is not copied: it has every item that was ever bought.
    const ordered: readonly (Retrieved & { rules?: string[] })[] = rules.weighing
      ? weighed(sourceList, rules)
      : sourceList;
    for (const { item, score, rules: moved = [] } of ordered) {
      if (found.length === k) break;
      if (taken.has(item) || !seen(item)) continue;
      taken.add(item);
      found.push({ item, score, source, rules: moved });
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
