import { DuetError } from '@duet/config';
import type { Interactions } from './load.ts';

/** Held-out data: what a model may learn from, and what it must then find. */
export interface Split {
  /** 'leave-last-out', 'time:0.8', 'none' … */
  name: string;
  /** Rows of the interactions, ascending. */
  train: Int32Array;
  evaluations: {
    user: number;
    /** Item rows to find, distinct, ascending. */
    targets: Int32Array;
    /** Item rows that must not be recommended: the user's in `train`; none where repeats count. */
    seen: Int32Array;
  }[];
}

export interface SplitOptions {
  /** Training rows that a user needs to be evaluated: 5 for a time split, 2 for leave-last-out. */
  minTrain?: number;
  /** Only items that the user has no training row of are targets (default); otherwise nothing is masked either. */
  newItemsOnly?: boolean;
  /**
   * Only items with a training row of anybody are targets (default), as in most published numbers; false asks for the
   * cold ones too, which only models that look at more than ids can find.
   */
  knownItemsOnly?: boolean;
}

type Rule = { kind: 'none' | 'leave-last-out' } | { kind: 'time'; quantile: number };

function parseRule(name: string): Rule {
  if (name === 'none' || name === 'leave-last-out') return { kind: name };
  const quantile = /^time:(0?\.\d+)$/.exec(name)?.[1];
  if (quantile !== undefined && Number(quantile) > 0) return { kind: 'time', quantile: Number(quantile) };
  throw new DuetError('bad-input', `"${name}" is not a split.`, {
    fix: 'Use leave-last-out, time:<quantile> such as time:0.8, or none.',
  });
}

/** The time that a share `quantile` of the rows is not later than, interpolated as numpy's `quantile` does. */
function cutTime(times: Float64Array, quantile: number): number {
  const sorted = times.toSorted();
  const at = (sorted.length - 1) * quantile;
  const below = sorted[Math.floor(at)]!;
  return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below);
}

function splitRows(x: Interactions, rows: Int32Array, name: string, options: SplitOptions): Split {
  const rule = parseRule(name);
  const { newItemsOnly = true, knownItemsOnly = true, minTrain = rule.kind === 'time' ? 5 : 2 } = options;
  if (rule.kind === 'none') return { name, train: rows, evaluations: [] };
  if (rule.kind === 'time' && x.clock !== undefined && x.clock !== 'time') {
    throw new DuetError('bad-input', `the split ${name} needs times, and this dataset has only an order.`, {
      fix: 'Use leave-last-out.',
    });
  }
  const cut =
    rule.kind === 'time'
      ? cutTime(
          Float64Array.from(rows, (row) => x.time[row]!),
          rule.quantile,
        )
      : 0;
  // A user's rows are rows[from … to), of which [held … to) may be targets. They are in order of time.
  const users: { user: number; from: number; held: number; to: number }[] = [];
  const known = new Uint8Array(x.items.length);
  for (let from = 0, to = 0; from < rows.length; from = to) {
    const user = x.user[rows[from]!]!;
    while (to < rows.length && x.user[rows[to]!] === user) to++;
    let held = from;
    if (rule.kind === 'time') while (held < to && x.time[rows[held]!]! <= cut) held++;
    else held = to - 1 - from >= minTrain ? to - 1 : to;
    for (let at = from; at < held; at++) known[x.item[rows[at]!]!] = 1;
    users.push({ user, from, held, to });
  }
  const itemsOf = (some: Int32Array): Int32Array =>
    Int32Array.from(new Set(Array.from(some, (row) => x.item[row]!))).sort();
  const train: number[] = [];
  const evaluations: Split['evaluations'] = [];
  for (const { user, from, held, to } of users) {
    const evaluated = held < to && held - from >= minTrain;
    const mine = evaluated ? itemsOf(rows.subarray(from, held)) : new Int32Array();
    const had = new Set(newItemsOnly ? mine : []);
    const targets = itemsOf(evaluated ? rows.subarray(held, to) : new Int32Array()).filter(
      (item) => !had.has(item) && (known[item] === 1 || !knownItemsOnly),
    );
    if (targets.length > 0) evaluations.push({ user, targets, seen: newItemsOnly ? mine : new Int32Array() });
    // A last interaction that is nobody's target is no secret.
    const end = rule.kind === 'leave-last-out' && targets.length === 0 ? to : held;
    for (let at = from; at < end; at++) train.push(rows[at]!);
  }
  if (evaluations.length === 0) {
    throw new DuetError('bad-input', `the split ${name} leaves no user to evaluate.`, {
      fix: `It needs users with ${minTrain} training interactions and ${newItemsOnly ? 'new items' : 'more'} after them.`,
    });
  }
  return { name, train: Int32Array.from(train), evaluations };
}

/**
 * Splits interactions without leaks.
 *
 * - `leave-last-out`: each user's last interaction is the target of those with three or more.
 * - `time:<q>`: everything up to the q quantile of all times is training; what users with `minTrain` training rows have
 *   later are their targets, in a catalogue that nobody was shown the future of.
 * - `none`: everything is training.
 *
 * @throws DuetError `bad-input` for an unknown name, a time split of data without times, or a split without users
 */
export function splitDataset(x: Interactions, name: string, options: SplitOptions = {}): Split {
  return splitRows(x, Int32Array.from(x.user.keys()), name, options);
}

/**
 * The same rule once more inside a split's training rows, for training curves and early stopping: its training rows
 * are some of `split.train`, and nothing that `split` evaluates appears in it.
 *
 * @throws DuetError as {@link splitDataset}
 */
export function validationSplit(x: Interactions, split: Split, options: SplitOptions = {}): Split {
  return splitRows(x, split.train, split.name, options);
}
