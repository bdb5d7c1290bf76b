import type { LoadedModel } from '@duet/artifact';
import type { Interactions } from '@duet/datasets';

/** What one user of a day came to. */
export interface UserDay {
  /** Whether an item that they bought was among the first fifty, and one over the rank of the first that was. */
  hit: number;
  reciprocalRank: number;
  /** The same of the items that were first sold in the seven days up to that one; undefined where they bought none. */
  onNew: { hit: number; reciprocalRank: number } | undefined;
}

/** A model judged on a day that it had not seen. */
export interface JudgedDay {
  users: UserDay[];
  /** Share of the new items that are among somebody's first fifty; undefined where none is new. */
  newCoverage: number | undefined;
}

const day = 86_400;
const first = 50;

/** Unix seconds at which each item was first sold. */
export function firstSold({ item, time, items }: Interactions): Float64Array {
  const sold = new Float64Array(items.length).fill(Infinity);
  item.forEach((row, at) => {
    sold[row] = Math.min(sold[row]!, time[at]!);
  });
  return sold;
}

/** What each user has bought by a moment, and buys within the day after it: item rows. */
function baskets({ user, item, time }: Interactions, midnight: number) {
  const before = new Map<number, Set<number>>();
  const after = new Map<number, Set<number>>();
  const note = (in_: Map<number, Set<number>>, who: number, what: number) => {
    const known = in_.get(who);
    if (known === undefined) in_.set(who, new Set([what]));
    else known.add(what);
  };
  user.forEach((who, at) => {
    if (time[at]! < midnight) note(before, who, item[at]!);
    else if (time[at]! < midnight + day) note(after, who, item[at]!);
  });
  return { before, after };
}

/**
 * Ranks what was sold by the end of the day, without what a user had, for everybody who buys something new to them on
 * it. A model hears what its users bought since it was trained, as a service that follows events tells it.
 */
export async function judgeDay(
  model: LoadedModel,
  interactions: Interactions,
  sold: Float64Array,
  midnight: number,
): Promise<JudgedDay> {
  const { before, after } = baskets(interactions, midnight);
  const candidates = [...sold.keys()].filter((item) => sold[item]! < midnight + day);
  const isNew = (item: number) => sold[item]! >= midnight - 6 * day;
  const shown = new Set<number>();
  const users: UserDay[] = [];
  for (const [user, basket] of after) {
    const had = before.get(user) ?? new Set();
    const targets = [...basket].filter((item) => !had.has(item));
    if (targets.length === 0) continue;
    const id = interactions.users[user]!;
    const seen = new Set(model.seen(id).map((row) => model.items[row]!));
    const history = [...had].map((item) => interactions.items[item]!).filter((item) => !seen.has(item));
    const { vectors } = await model.encode([{ id, history, situation: { time: midnight } }]);
    const scores = candidates.map((item) => {
      const row = model.itemRow.get(interactions.items[item]!);
      return row === undefined || had.has(item) ? -Infinity : scoreOf(model, vectors, row);
    });
    const order = candidates.map((_, at) => at).sort((a, b) => scores[b]! - scores[a]!);
    for (const at of order.slice(0, first)) if (scores[at]! > -Infinity) shown.add(candidates[at]!);
    const rank = new Map(order.map((at, place) => [candidates[at]!, scores[at] === -Infinity ? Infinity : place + 1]));
    const figures = (items: readonly number[]) => {
      const best = Math.min(...items.map((item) => rank.get(item) ?? Infinity));
      return { hit: best <= first ? 1 : 0, reciprocalRank: 1 / best };
    };
    const newOnes = targets.filter(isNew);
    users.push({ ...figures(targets), onNew: newOnes.length === 0 ? undefined : figures(newOnes) });
  }
  const fresh = candidates.filter(isNew);
  const newCoverage = fresh.length === 0 ? undefined : fresh.filter((item) => shown.has(item)).length / fresh.length;
  return { users, newCoverage };
}

function scoreOf({ itemVectors, dimensions, vectorsPerUser }: LoadedModel, vectors: Float32Array, row: number): number {
  let best = -Infinity;
  for (let v = 0; v < vectorsPerUser; v++) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += vectors[v * dimensions + d]! * itemVectors[row * dimensions + d]!;
    best = Math.max(best, sum);
  }
  return best;
}
