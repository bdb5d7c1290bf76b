import { type Assignment, drawsOf, explore, teamDraft } from '@duet/experiments';
import type { RunningExperiment } from './assignment.ts';

/** An answer with a list of items. */
export interface List {
  items: readonly { itemId: string }[];
}

type Arm = RunningExperiment['arms'][number];

/**
 * The list of an experiment for a user.
 *
 * - `interleaving`: both arms' whole lists, each retrieved and ranked as if it were alone, merged by team draft. Each
 *   item carries its arm; the answer has none, and is otherwise control's.
 * - an experiment that explores: the arm's list, or its first 2k items in random order. Each item carries its propensity.
 *
 * Somebody whom an override put into an arm sees that arm's list as it is. Chance is the request id's.
 */
export async function drawnList<Answer extends List>(
  { experiment, arm, reason }: Assignment<RunningExperiment>,
  k: number,
  requestId: string,
  ask: (arm: Arm, k: number) => Promise<Answer>,
): Promise<{ answer: Answer; arm?: { id: string; name: string } }> {
  const named = ({ id, name }: Arm) => ({ id, name });
  const { exploration } = experiment.settings;
  if (reason === 'override') return { answer: await ask(arm, k), arm: named(arm) };
  if (experiment.design === 'interleaving') {
    // An arm at weight zero is one that an earlier phase had.
    const [control, treatment] = [true, false].map((isControl) =>
      experiment.arms.find((one) => one.control === isControl && one.weight > 0),
    ) as [Arm, Arm];
    const teams = { control, treatment };
    const [first, second] = await Promise.all([ask(control, k), ask(treatment, k)]);
    const items = teamDraft(first.items, second.items, k, drawsOf(requestId), ({ itemId }) => itemId).map(
      ({ item, team }) => ({ ...item, arm: named(teams[team]) }),
    );
    return { answer: { ...first, items } };
  }
  if (exploration === 0) return { answer: await ask(arm, k), arm: named(arm) };
  const answer = await ask(arm, 2 * k);
  const items = explore(answer.items, k, exploration, drawsOf(requestId)).map(({ item, propensity }) => ({
    ...item,
    propensity,
  }));
  return { answer: { ...answer, items }, arm: named(arm) };
}
