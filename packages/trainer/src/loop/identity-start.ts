import type { FeatureSpace } from '@duet/artifact/inputs';
import type { TrainingSettings, Values } from '@duet/models';

/**
 * Lets towers start as what their embeddings say: the linear path passes the item's id on as it is, and the mean of the
 * history's views, and the layers add nothing yet, as residual branches start in Zhang, Dauphin & Ma (2019). The first
 * scores are then inner products of items with the mean of the user's items; paths that start at random have to learn
 * first that both sides speak of the same items. What else is known of a user has no part yet, for one row of a table
 * is longer than the mean of many. Without `skip` or a history, or where ids are not as wide as vectors, nothing
 * changes.
 *
 * @param dense parameters by name, as `Session.state` gives them; those that change are written over
 */
export function startAsIdentity(
  dense: Values,
  { user, item, userWidth }: Pick<FeatureSpace, 'user' | 'item' | 'userWidth'>,
  { skip, layers, idDims }: Pick<TrainingSettings, 'skip' | 'layers' | 'idDims'>,
): Values {
  const dims = layers.at(-1)!;
  const passed = {
    user: user.filter(({ name }) => name === 'history'),
    item: item.filter(({ name }) => name === 'item_id'),
  };
  if (!skip || idDims !== dims || passed.user.length === 0 || passed.item.length === 0) return dense;
  // Not the augmented vector's rows, which come after the features': behind a closed gate they would never learn.
  dense['user/skip']!.fill(0, 0, userWidth * dims);
  for (const side of ['user', 'item'] as const) {
    const path = dense[`${side}/skip`]!;
    for (const { offset } of passed[side]) {
      path.fill(0, offset * dims, (offset + dims) * dims);
      for (let i = 0; i < dims; i++) path[(offset + i) * dims + i] = 1 / passed[side].length;
    }
    dense[`${side}/w${layers.length - 1}`]!.fill(0);
  }
  return dense;
}
