import { itemItemTables } from '@duet/artifact/inputs';
import { DuetError, type Progress } from '@duet/base';
import type { Interactions } from '@duet/datasets';
import {
  type Executor,
  easeFactors,
  fitEase,
  maxEaseItems,
  popularityScores,
  type TrainingSettings,
} from '@duet/models';
import { seededRng } from '@duet/random';

type ItemItemSettings = Pick<TrainingSettings, 'itemItemWeight' | 'itemItemDims' | 'itemItemRegularisation'>;

/**
 * Whether a model of such data with these settings has a prior. Queries have none: they may want again what they found,
 * and EASE gives nothing to an item for itself.
 */
export const hasItemItem = (
  { sides }: Pick<Interactions, 'sides'>,
  items: number,
  { itemItemWeight }: Pick<ItemItemSettings, 'itemItemWeight'>,
): boolean => itemItemWeight > 0 && items <= maxEaseItems && sides?.left !== 'query';

export const itemItemDims = (items: number, settings: Pick<ItemItemSettings, 'itemItemDims'>): number =>
  Math.min(items, settings.itemItemDims);

/**
 * An item-item prior: β times EASE's score, Σ over the user's distinct items of the weights that each gives an item, in
 * as many dimensions as the settings say. A tower sums a history up in one direction, and what two items say of each
 * other is lost in a long one; closed-form weights keep it.
 *
 * @param lists Each user's distinct items.
 * @returns by table, [1 + items, dims]: an unknown item's, first. As one that is scored it has the mean over all that
 * users had, for a new item would sink below all others with nothing.
 * @throws DuetError `bad-input` where λ is too small for float32; the signal's reason
 */
export async function itemItemPrior(
  lists: readonly Int32Array[],
  items: number,
  settings: ItemItemSettings,
  { executor, progress, signal }: { executor: Executor; progress: Progress; signal?: AbortSignal | undefined },
): Promise<Record<string, Float32Array>> {
  const { itemItemWeight, itemItemRegularisation } = settings;
  const dims = itemItemDims(items, settings);
  const report = (unit: string) => (done: number, total: number) => {
    signal?.throwIfAborted();
    progress({ step: 'fit item-item prior', done, total, unit });
  };
  const ease = await fitEase(executor, lists, items, itemItemRegularisation, { onPivot: report('blocks') });
  const { history, item } = await easeFactors(executor, ease, lists, dims, seededRng(0), {
    onIteration: report('iterations'),
  });
  if (!history.every(Number.isFinite) || !item.every(Number.isFinite)) {
    throw new DuetError('bad-input', 'The weights of the item-item prior are not finite.', {
      where: { field: 'itemItemRegularisation' },
      fix: `Raise itemItemRegularisation above ${itemItemRegularisation}.`,
    });
  }
  const table = (rows: Float32Array, scale: number) => {
    const values = new Float32Array((1 + items) * dims);
    for (let at = 0; at < rows.length; at++) values[dims + at] = scale * rows[at]!;
    return values;
  };
  const scored = table(item, 1);
  const had = lists.reduce((sum, { length }) => sum + length, 0);
  popularityScores(lists, items).forEach((users, row) => {
    for (let d = 0; d < dims; d++) scored[d]! += (users / had) * item[row * dims + d]!;
  });
  return { [itemItemTables.history]: table(history, itemItemWeight), [itemItemTables.item]: scored };
}
