import {
  type Bags,
  type ContextFeature,
  contextPrefix,
  momentTerms,
  noRow,
  shared,
  singleBags,
} from '@duet/artifact/inputs';
import type { Interactions } from '@duet/datasets';

/** Terms of one training row alone would be learnt by heart. */
const minCount = 2;

/**
 * The features of the interactions' situations, by their names as inputs: the columns that the dataset declares, and
 * with `all` the hour and the weekday of the moment, where it is known. The vocabulary is that of the rows to learn
 * from.
 */
export function buildContext(
  x: Interactions,
  train: Int32Array,
  which: 'none' | 'declared' | 'all',
): Record<string, ContextFeature> {
  if (which === 'none') return {};
  const columns = Object.entries(x.context ?? {});
  if (which === 'all' && (x.clock ?? 'time') === 'time') {
    for (const [name, termOfMoment] of Object.entries(momentTerms)) {
      if (x.context?.[name]) continue;
      const code = Int32Array.from(x.time, (time) => termOfMoment(new Date(time * 1000)));
      columns.push([name, { values: Array.from({ length: 24 }, (_, i) => String(i)), code }]);
    }
  }
  return Object.fromEntries(
    columns.map(([name, { values, code }]) => {
      const counts = new Int32Array(values.length);
      for (const row of train) if (code[row]! >= 0) counts[code[row]!]!++;
      const places = Array.from(counts.keys())
        .filter((place) => counts[place]! >= minCount)
        .sort((a, b) => counts[b]! - counts[a]! || a - b);
      const rowOf = new Int32Array(values.length);
      places.forEach((place, i) => {
        rowOf[place] = i + 1;
      });
      const row = shared(code.map((place) => (place < 0 ? 0 : rowOf[place]!)));
      return [contextPrefix + name, { vocabulary: places.map((place) => values[place]!), row }];
    }),
  );
}

/** The bags of these interactions' situations by input, for `gather`; of {@link noRow} nothing is known. */
export const contextOfRows = (context: Record<string, ContextFeature>, rows: Int32Array): Record<string, Bags> =>
  Object.fromEntries(
    Object.entries(context).map(([name, { row }]) => [
      name,
      singleBags(rows.map((at) => (at === noRow ? 0 : row[at]!))),
    ]),
  );
