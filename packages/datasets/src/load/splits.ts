import { DuetError } from '@duet/base';
import { isOneKind, splitParts, userItem } from '../shape.ts';
import { type Interactions, type Situation, situationOf } from './dataset.ts';

/** Held-out data: what a model may learn from, and what it must then find. */
export interface Split {
  /** 'leave-last-out', 'time:0.8', 'random:0.8', 'given', 'none' … */
  name: string;
  /** Rows of the interactions, ascending. */
  train: Int32Array;
  evaluations: {
    user: number;
    /** Item rows to find, distinct, ascending. */
    targets: Int32Array;
    /**
     * Item rows that must not be recommended: the user's in `train` unless repeats count, and, where users are found
     * for users, the user's own.
     */
    seen: Int32Array;
    /** In what situation the first of the targets was found. */
    situation?: Situation;
  }[];
  /** The same for items that nobody has in `train`, which only models that look at more than ids can find. */
  coldItems?: Split['evaluations'];
  /** The same as `evaluations` for users with too few rows in `train` to be among them. */
  coldUsers?: Split['evaluations'];
}

export interface SplitOptions {
  /**
   * Training rows that a user needs to be evaluated: 5 for a time split, 2 for leave-last-out, 1 for a random one, else
   * 0.
   */
  minTrain?: number;
  /**
   * Only items that the user has no training row of are targets; otherwise these are not masked either. True but for
   * queries.
   */
  newItemsOnly?: boolean;
  /**
   * Only items with a training row of anybody are targets (default), as in most published numbers; false asks for the
   * cold ones too, which only models that look at more than ids can find.
   */
  knownItemsOnly?: boolean;
}

type Rule =
  | { kind: 'none' | 'leave-last-out' | 'given' | 'given-validation' }
  | { kind: 'time'; quantile: number }
  | { kind: 'random'; share: number; seed: number };

/** Training rows that a user needs to be evaluated, unless the caller says otherwise. */
const leastTrain = { none: 0, 'leave-last-out': 2, time: 5, random: 1, given: 0, 'given-validation': 0 } as const;

function parseRule(name: string): Rule {
  if (name === 'none' || name === 'leave-last-out' || name === 'given') return { kind: name };
  const [, kind, number, seed] = /^(time|random):(0?\.\d+)(?::(\d+))?$/.exec(name) ?? [];
  if (Number(number) > 0 && kind === 'random') return { kind, share: Number(number), seed: Number(seed ?? 1) };
  if (Number(number) > 0 && kind === 'time' && seed === undefined) return { kind, quantile: Number(number) };
  throw new DuetError('bad-input', `"${name}" is not a split.`, {
    fix: 'Use leave-last-out, time:<quantile> such as time:0.8, random:<share>[:<seed>] such as random:0.8, given, or none.',
  });
}

/** The time that a share `quantile` of the rows is not later than, interpolated as numpy's `quantile` does. */
function cutTime(times: Float64Array, quantile: number): number {
  const sorted = times.toSorted();
  const at = (sorted.length - 1) * quantile;
  const below = sorted[Math.floor(at)]!;
  return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below);
}

/** MurmurHash3's finaliser: every bit of the answer depends on every bit of `h`. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** FNV-1a of an id's UTF-16 units, mixed. */
function hashOf(id: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) h = Math.imul(h ^ id.charCodeAt(i), 0x01000193);
  return mix(h);
}

/**
 * Place of a user's last row among `rows[from … to)`. Rows of one moment have no order (none have, if not `ordered`),
 * and the file's may mean something that a model could learn, so one of them is drawn, by its ids.
 */
export function lastOf(x: Interactions, rows: Int32Array, from: number, to: number, ordered = true): number {
  let moment = ordered ? to - 1 : from;
  while (moment > from && x.time[rows[moment - 1]!] === x.time[rows[to - 1]!]) moment--;
  if (moment === to - 1) return moment;
  const user = hashOf(x.users[x.user[rows[from]!]!]!);
  const drawn = Array.from(rows.subarray(moment, to), (row) => mix(user ^ hashOf(x.items[x.item[row]!]!)));
  return moment + drawn.indexOf(Math.min(...drawn));
}

/**
 * Which of `rows` are held out, by rule. A random split draws by the ids of the pair, so that a repeat goes with the
 * first, both directions of a pair go together, and rows that are added later move none of the others.
 */
function heldOut(x: Interactions, rows: Int32Array, rule: Rule, minTrain: number): Uint8Array {
  const held = new Uint8Array(rows.length);
  const hold = (when: (row: number, at: number) => boolean): Uint8Array => {
    rows.forEach((row, at) => {
      held[at] = when(row, at) ? 1 : 0;
    });
    return held;
  };
  if (rule.kind === 'time') {
    const times = Float64Array.from(rows, (row) => x.time[row]!);
    const cut = cutTime(times, rule.quantile);
    return hold((row) => x.time[row]! > cut);
  }
  if (rule.kind === 'random') {
    const users = Uint32Array.from(x.users, hashOf);
    const items = Uint32Array.from(x.items, hashOf);
    const seed = mix(rule.seed);
    return hold((row) => {
      const a = users[x.user[row]!]!;
      const b = items[x.item[row]!]!;
      return mix(seed ^ mix(Math.min(a, b) ^ mix(Math.max(a, b)))) / 2 ** 32 >= rule.share;
    });
  }
  if (rule.kind === 'given' || rule.kind === 'given-validation') {
    const part = splitParts.indexOf(rule.kind === 'given' ? 'test' : 'validation');
    return hold((row) => x.split![row] === part);
  }
  if (rule.kind === 'leave-last-out') {
    for (let from = 0, to = 0; from < rows.length; from = to) {
      while (to < rows.length && x.user[rows[to]!] === x.user[rows[from]!]) to++;
      if (to - from > minTrain) held[lastOf(x, rows, from, to)] = 1;
    }
    return held;
  }
  return held;
}

/**
 * Where interactions hold in both directions, the other direction of one that is held out would give it away: marks
 * those in `held`, by place in `rows`, as neither training nor held out (2).
 */
export function hideReverses(x: Interactions, rows: Int32Array, held: Uint8Array): void {
  if (!x.sides?.symmetric) return;
  const itemOf = new Map(x.items.map((id, item) => [id, item]));
  const userOf = new Map(x.users.map((id, user) => [id, user]));
  const pair = (user: number, item: number) => user * x.items.length + item;
  const reverses = new Set<number>();
  rows.forEach((row, at) => {
    const user = userOf.get(x.items[x.item[row]!]!);
    const item = itemOf.get(x.users[x.user[row]!]!);
    if (held[at] === 1 && user !== undefined && item !== undefined) reverses.add(pair(user, item));
  });
  rows.forEach((row, at) => {
    if (held[at] === 0 && reverses.has(pair(x.user[row]!, x.item[row]!))) held[at] = 2;
  });
}

function splitRows(x: Interactions, rows: Int32Array, name: string, rule: Rule, options: SplitOptions): Split {
  const sides = x.sides ?? userItem;
  // The same query wants the same item again.
  const { newItemsOnly = sides.left !== 'query', knownItemsOnly = true, minTrain = leastTrain[rule.kind] } = options;
  if (rule.kind === 'none') return { name, train: rows, evaluations: [] };
  if (rule.kind === 'time' && x.clock !== undefined && x.clock !== 'time') {
    throw new DuetError('bad-input', `the split ${name} needs times, and this dataset has only an order.`, {
      fix: 'Use leave-last-out.',
    });
  }
  if (rule.kind === 'given' && x.split === undefined) {
    throw new DuetError('bad-input', 'the split "given" needs a column that says it, and this dataset has none.', {
      fix: 'Import it with a column of train and test (--split-col), or use another split.',
    });
  }
  const held = heldOut(x, rows, rule, minTrain);
  hideReverses(x, rows, held);
  const itemRow = isOneKind(sides) ? new Map(x.items.map((id, item) => [id, item])) : undefined;
  const known = new Uint8Array(x.items.length);
  rows.forEach((row, at) => {
    if (held[at] === 0) known[x.item[row]!] = 1;
  });
  const itemsOf = (some: Int32Array): Int32Array =>
    Int32Array.from(new Set(Array.from(some, (row) => x.item[row]!))).sort();
  const train: number[] = [];
  const evaluations: Split['evaluations'] = [];
  const coldItems: Split['evaluations'] = [];
  const coldUsers: Split['evaluations'] = [];
  for (let from = 0, to = 0; from < rows.length; from = to) {
    const user = x.user[rows[from]!]!;
    while (to < rows.length && x.user[rows[to]!] === user) to++;
    const mine = rows.subarray(from, to);
    const learnt = mine.filter((_, i) => held[from + i] === 0);
    const hiding = x.hides ? learnt.filter((row) => x.hides![row] === 1) : learnt;
    const had = newItemsOnly && learnt.length < mine.length ? itemsOf(hiding) : new Int32Array();
    const later = mine.filter((_, i) => held[from + i] === 1);
    const warm = learnt.length >= minTrain;
    const hidden = new Set(had);
    const newItems = itemsOf(later).filter((item) => !hidden.has(item));
    const targets = newItems.filter((item) => known[item] === 1 || !knownItemsOnly);
    const unknown = newItems.filter((item) => known[item] === 0);
    const self = itemRow?.get(x.users[user]!);
    const seen = self === undefined || hidden.has(self) ? had : Int32Array.from([...had, self]).sort();
    const first = later.find((row) => targets.includes(x.item[row]!));
    if (first !== undefined) {
      (warm ? evaluations : coldUsers).push({ user, targets, seen, situation: situationOf(x, first) });
    }
    // A last interaction that is nobody's target is no secret, unless it is the other direction of somebody's.
    const noSecret = rule.kind === 'leave-last-out' && targets.length === 0 && !sides.symmetric;
    if (unknown.length > 0 && warm && !noSecret) coldItems.push({ user, targets: unknown, seen });
    for (const row of noSecret ? mine : learnt) train.push(row);
  }
  if (evaluations.length === 0) {
    throw new DuetError('bad-input', `the split ${name} leaves no user to evaluate.`, {
      fix: `It needs users with ${minTrain} training interactions and ${newItemsOnly ? 'new items' : 'more'} after them. Most users may have one alone: then --split none trains on all, and random:0.8 judges by pairs.`,
    });
  }
  return { name, train: Int32Array.from(train), evaluations, coldItems, coldUsers };
}

/**
 * Splits interactions without leaks.
 *
 * - `leave-last-out`: each user's last interaction is the target of those with three or more; of several at the last
 *   moment, one drawn by its ids.
 * - `time:<q>`: everything up to the q quantile of all times is training; what users with `minTrain` training rows have
 *   later are their targets, in a catalogue that nobody was shown the future of.
 * - `random:<q>[:<seed>]`: each (user, item) pair is training with probability q.
 * - `given`: as the file's column says; rows of its validation part are training too.
 * - `none`: everything is training.
 *
 * @throws DuetError `bad-input` for an unknown name, a split that the data say nothing for, or one without users
 */
export function splitDataset(x: Interactions, name: string, options: SplitOptions = {}): Split {
  return splitRows(x, Int32Array.from(x.user.keys()), name, parseRule(name), options);
}

/**
 * The same rule once more inside a split's training rows, for training curves and early stopping: its training rows
 * are some of `split.train`, and nothing that `split` evaluates appears in it. Inside a given split it is the file's
 * validation part, else a tenth at random.
 *
 * @throws DuetError as {@link splitDataset}
 */
export function validationSplit(x: Interactions, split: Split, options: SplitOptions = {}): Split {
  const validation = splitParts.indexOf('validation');
  const given: Rule = split.train.some((row) => x.split?.[row] === validation)
    ? { kind: 'given-validation' }
    : { kind: 'random', share: 0.9, seed: 1 };
  const rule = split.name === 'given' ? given : parseRule(split.name);
  return splitRows(x, split.train, split.name, rule, options);
}
