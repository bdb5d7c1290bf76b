import { type Assignment, drawsOf, explore, teamDraft } from '@duet/experiments';
import type { RunningExperiment } from './assignment.ts';

/** An answer with a list of items. */
export interface List {
  items: readonly { itemId: string }[];
}

export type Arm = RunningExperiment['arms'][number];

/** How an experiment makes a user's list, and of which lists. */
export interface Draw {
  kind: 'of one arm' | 'interleaved' | 'explored';
  /** Whose lists it is made of; of an interleaved one control, then treatment. */
  arms: readonly Arm[];
  /** How many items each of them is asked for. */
  count: number;
}

/**
 * How the list of an experiment for a user is drawn.
 *
 * - `interleaving`: both arms' whole lists, each retrieved and ranked as if it were alone, merged by team draft. Each
 *   item carries its arm; the answer has none, and is otherwise control's.
 * - an experiment that explores: the arm's list, or its first 2k items in random order. Each item carries its
 * propensity.
 *
 * Somebody whom an override put into an arm sees that arm's list as it is.
 */
export function drawOf({ experiment, arm, reason }: Assignment<RunningExperiment>, k: number): Draw {
  if (reason === 'override') return { kind: 'of one arm', arms: [arm], count: k };
  if (experiment.design === 'interleaving') {
    // An arm at weight zero is one that an earlier phase had.
    const shown = experiment.arms.filter(({ weight }) => weight > 0);
    const arms = [true, false].map((control) => shown.find((one) => one.control === control)!);
    return { kind: 'interleaved', arms, count: k };
  }
  if (experiment.settings.exploration > 0) return { kind: 'explored', arms: [arm], count: 2 * k };
  return { kind: 'of one arm', arms: [arm], count: k };
}

const named = ({ id, name }: Arm) => ({ id, name });

/**
 * Draws the list.
 *
 * @param answers of the draw's arms, in their order
 * @param requestId whose chance it is
 * @returns with the arm where all items are of one
 */
export function drawList<Answer extends List>(
  { kind, arms }: Draw,
  answers: readonly Answer[],
  { k, exploration, requestId }: { k: number; exploration: number; requestId: string },
): { answer: Answer; arm?: { id: string; name: string } } {
  const [first, second] = answers as [Answer, Answer];
  const [control, treatment] = arms as [Arm, Arm];
  if (kind === 'interleaved') {
    const teams = { control, treatment };
    const items = teamDraft(first.items, second.items, k, drawsOf(requestId), ({ itemId }) => itemId).map(
      ({ item, team }) => ({ ...item, arm: named(teams[team]) }),
    );
    return { answer: { ...first, items } };
  }
  if (kind === 'of one arm') return { answer: first, arm: named(arms[0]!) };
  const items = explore(first.items, k, exploration, drawsOf(requestId)).map(({ item, propensity }) => ({
    ...item,
    propensity,
  }));
  return { answer: { ...first, items }, arm: named(arms[0]!) };
}
