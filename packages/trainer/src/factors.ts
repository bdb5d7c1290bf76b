import { weighed } from '@duet/artifact';
import { type Histories, historyOf } from '@duet/artifact/inputs';
import {
  type FactoriseOptions,
  type FactorKind,
  type FactorTraining,
  factoriseItems,
  type SparseRows,
} from '@duet/models';
import { seededRng } from '@duet/random';

/** Every user's distinct items with their weights. */
function observedPairs(histories: Histories, repeatPower: number): SparseRows {
  const users = histories.start.length - 1;
  const start = new Int32Array(users + 1);
  const column = new Int32Array(histories.item.length);
  const weight = new Float32Array(histories.item.length);
  for (let user = 0; user < users; user++) {
    const { columns, weights } = weighed(historyOf(histories, user), repeatPower);
    column.set(columns, start[user]!);
    weight.set(weights, start[user]!);
    start[user + 1] = start[user]! + columns.length;
  }
  return { start, column: column.subarray(0, start[users]), weight: weight.subarray(0, start[users]) };
}

/** Item vectors [items, dimensions] that a user's vector is solved for from ({@link factorEncoder}). */
export function solveItems(
  kind: FactorKind,
  settings: FactorTraining,
  histories: Histories,
  items: number,
  seed: number,
  options: FactoriseOptions,
): Promise<Float32Array> {
  const observed = observedPairs(histories, settings.repeatPower);
  return factoriseItems(observed, items, { kind, ...settings }, seededRng(seed), options);
}
