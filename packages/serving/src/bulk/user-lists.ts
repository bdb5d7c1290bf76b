import type { Situation } from '@duet/datasets';
import { type RetrievedRows, RowPlaces, type RulesInForce, withPins } from '@duet/ranking';
import { boughtBefore, fatigueOf, historyOf, type Shaping } from '../answer.ts';
import { requesterOf, type ServedDataset } from '../dataset.ts';
import { asColumns } from '../ranked.ts';
import { bestSellers } from '../search.ts';
import type { RecentHistory } from '../users/recent-events.ts';
import { hideFrom, inStockOnly, mayPinFor, maySee, withoutBlocked } from '../visible.ts';
import { type BulkContext, type BulkLists, type BulkRequest, Collected, candidatesFor } from './collected.ts';
import { searchMany } from './search-many.ts';

/** Makes the lists of some users, as `retrieve` answers them. */
export function userLists(
  { of: _, userIds: __, ...terms }: BulkRequest,
  { retriever, dataset, recentOf, shaping: shapingOf }: BulkContext,
): (userIds: readonly string[]) => Promise<BulkLists> {
  return async (userIds) => {
    const shaping = await shapingOf();
    // One moment for all: what depends on the time of the day is the same for everybody of a batch.
    const situation = { time: Date.now() / 1000 };
    const asked = userIds.map(
      (userId): BulkUser => ({
        userId: requesterOf(dataset, { userId }),
        recent: recentOf(userId),
      }),
    );
    const collected = new Collected(userIds, terms.k);
    if (terms.seen === 'only') {
      asked.forEach((one, place) => {
        collected.from(place, 'bought');
        const found = boughtBefore(dataset, { ...terms, ...one, situation }, shaping.rules);
        for (const { item, score } of found) collected.add(place, item, score);
      });
      return collected.lists();
    }
    const make = listMaker(dataset, { ...terms, situation }, shaping, collected);
    const { vectors, known } = await encoded(retriever, asked, situation);
    const { hidden, hiddenStart } = hiddenOf(dataset, retriever, { ...terms, situation }, asked, shaping.rules);
    const { filter } = withoutBlocked({ hidden: none, filter: inStockOnly(dataset, terms.filter) }, shaping.rules);
    const k = candidatesFor({ of: 'users', ...terms });
    known.forEach((isKnown, place) => {
      if (isKnown) return;
      collected.from(place, 'popular');
      const visible = { hidden: new Set(hidden.subarray(hiddenStart[place]!, hiddenStart[place + 1]!)), filter };
      make(asked[place]!, place, asColumns(bestSellers(dataset, k, maySee(dataset.catalogue, visible))));
    });
    if (retriever !== undefined) {
      const places = [...known.keys()].filter((place) => known[place]);
      await searchMany(retriever, { vectors, hidden, hiddenStart }, places, { k, filter }, (place, retrieved) => {
        make(asked[place]!, place, retrieved);
      });
    }
    return collected.lists();
  };
}

/** A user, and what they did lately. */
interface BulkUser {
  userId: string;
  recent: RecentHistory | undefined;
}

/** What is asked for everybody. */
type BulkTerms = Omit<BulkRequest, 'of' | 'userIds'> & { situation: Situation };

const none: ReadonlySet<number> = new Set();

async function encoded(retriever: BulkContext['retriever'], asked: readonly BulkUser[], situation: Situation) {
  if (retriever === undefined) return { vectors: new Float32Array(), known: asked.map(() => false) };
  return retriever.model.encode(asked.map(({ userId, recent }) => ({ id: userId, situation, history: recent?.items })));
}

/** Rows whose number is not known before. */
class Rows {
  #rows = new Int32Array(1 << 14);
  length = 0;

  push(row: number): void {
    if (this.length === this.#rows.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    this.#rows[this.length++] = row;
  }

  rows(): Int32Array {
    return this.#rows.subarray(0, this.length);
  }
}

/** Catalogue rows that each must not be shown, one after the other. */
function hiddenOf(
  dataset: ServedDataset,
  retriever: BulkContext['retriever'],
  { exclude, seen: had, situation }: BulkTerms,
  asked: readonly BulkUser[],
  { blockedItems }: RulesInForce,
): { hidden: Int32Array; hiddenStart: Int32Array } {
  const hiddenStart = new Int32Array(asked.length + 1);
  const hidden = new Rows();
  const hiddenOfUser = new RowPlaces();
  asked.forEach(({ userId, recent }, place) => {
    const seen = retriever?.seen(userId) ?? [];
    hiddenOfUser.clear();
    const hide = (item: number) => {
      if (hiddenOfUser.add(item, 0)) hidden.push(item);
    };
    blockedItems.forEach(hide);
    hideFrom(dataset, userId, seen, { exclude, seen: had, recent, situation }, hide);
    hiddenStart[place + 1] = hidden.length;
  });
  return { hidden: hidden.rows(), hiddenStart };
}

/** Orders what was retrieved for a user and puts it into their list. */
function listMaker(
  dataset: ServedDataset,
  { k, rankerId, diversity, exclude, filter, situation }: BulkTerms,
  { ranker, orderer, rules, demoteAfter = 0 }: Shaping,
  collected: Collected,
): (asked: BulkUser, place: number, retrieved: RetrievedRows) => void {
  const { pins } = rules;
  return ({ userId, recent }, place, retrieved) => {
    if (rankerId === null) {
      const length = Math.min(k, retrieved.length);
      for (let at = 0; at < length; at++) collected.add(place, retrieved.items[at]!, retrieved.scores[at]!);
      return;
    }
    const user = { history: historyOf(dataset, { userId, recent }), time: situation.time };
    const fatigue = fatigueOf(dataset, recent, demoteAfter);
    const ordering = { parameters: ranker?.parameters, diversity, rules, fatigue };
    const { order, score } = orderer.order(dataset, retrieved, user, ordering, k + pins.length);
    if (pins.length === 0) {
      for (let at = 0; at < order.length; at++) {
        collected.add(place, retrieved.items[order[at]!]!, score[order[at]!]!);
      }
      return;
    }
    const mayPin = mayPinFor(dataset, userId, { exclude, filter, recent });
    const list = Array.from(order, (at) => ({ item: retrieved.items[at]!, score: score[at]! }));
    const pinned = pins
      .filter(({ item }) => mayPin(item))
      .map(({ item, place: at }) => {
        const found = retrieved.items.subarray(0, retrieved.length).indexOf(item);
        return { item, score: found < 0 ? 0 : score[found]!, place: at };
      });
    for (const { item, score: ownScore } of withPins<{ item: number; score: number; place?: number }>(list, pinned)) {
      collected.add(place, item, ownScore);
    }
  };
}
