import type { AnswerOf, ListName } from './lists.ts';

/** Where a shopper met an item: what its events carry, so that Duet can say which arm of which experiment earned it. */
export interface Touch {
  placement: string;
  /** From 0, as events count it; `place` counts from 1. */
  position: number;
  requestId?: string;
  experimentId?: string;
  armId?: string;
}

/** One item of a list, as its place on the page knows it. */
export interface ShownEntry {
  itemId: string;
  /** From 1. */
  place: number;
  touch: Touch;
  /** How likely it was there, where lists are explored. */
  propensity?: number;
}

/** What two answers have in common that the events need. */
interface Answered {
  requestId?: string;
  experiment?: { id: string } | undefined;
  arm?: { id: string } | undefined;
  items: { itemId: string; arm?: { id: string } | undefined; propensity?: number | undefined }[];
}

/**
 * The entries of an answer. An arm goes with an experiment alone: without one its events would count for none.
 *
 * @param before how many items stand before it, of earlier pages
 */
export function entriesOf<L extends ListName>(answer: AnswerOf<L>, placement: string, before = 0): ShownEntry[] {
  const { requestId, experiment, arm, items } = answer as unknown as Answered;
  return items.map(({ itemId, arm: itemArm, propensity }, index) => {
    const armId = (itemArm ?? arm)?.id;
    const touch: Touch = {
      placement,
      position: before + index,
      ...(requestId !== undefined && { requestId }),
      ...(experiment && armId !== undefined && { experimentId: experiment.id, armId }),
    };
    return { itemId, place: before + index + 1, touch, ...(propensity !== undefined && { propensity }) };
  });
}
