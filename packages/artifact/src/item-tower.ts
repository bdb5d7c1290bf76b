import type { Encoder } from './encoder.ts';
import { type Bags, selectBags } from './inputs/bags.ts';
import { asEntities, noRow, stranger, withId, withoutId } from './inputs/entity.ts';
import type { Encoded, FeatureSpace } from './inputs/feature-space.ts';
import { bucketOf, poolTerms, rowsOfTerms, tokenize } from './inputs/terms.ts';
import { rowsOf } from './inputs/vocabulary.ts';

/** An item as the catalogue describes it now. */
export interface ItemDescription {
  itemId: string;
  title: string;
  category: string | null;
  /** NaN where unknown. */
  priceMinor: number;
  /** As of `Catalogue`: '' where missing, several values joined by |. */
  attributes: Readonly<Record<string, string>>;
}

/** The tower that makes an item's vector of what is known of it. */
export interface ItemTower {
  /**
   * Whether the tower reads something of the item that is not as it was in training; true for an item that was not
   * there.
   */
  differs(item: ItemDescription): boolean;
  /** p_v of these items [n, dimensions]: of their ids where training had them, and of what is known of them now. */
  encode(items: readonly ItemDescription[]): Promise<Float32Array>;
}

/**
 * The item tower of a model that reads more than ids; undefined for one that does not, which cannot tell two new items
 * apart.
 *
 * @param trained whether training had an interaction with the item of a row
 */
export function itemTower(
  encoder: Encoder,
  space: FeatureSpace,
  rowOf: (itemId: string) => number | undefined,
  trained: (row: number) => boolean,
): ItemTower | undefined {
  const features = space.item
    .filter(({ name }) => name !== 'item_id')
    .map(({ name }) => {
      const encoded = space.encoded.item[name]!;
      return { name, encoded, rows: rowsOf(encoded.vocabulary), terms: termsOf(name, encoded) };
    });
  if (features.length === 0) return undefined;

  /** The bags of one feature; an item's own where an older artifact does not say how they were made. */
  const bagsOf = ({ encoded, rows, terms }: (typeof features)[number], items: readonly ItemDescription[]): Bags =>
    terms === undefined
      ? selectBags(
          encoded.bags,
          items.map(({ itemId }) => rowOf(itemId) ?? noRow),
        )
      : poolTerms(items.map(terms), rows);

  return {
    differs(item) {
      const row = rowOf(item.itemId);
      if (row === undefined) return true;
      return features.some(({ encoded: { bags }, rows, terms }) => {
        if (terms === undefined) return false;
        const [from, to] = [bags.start[row]!, bags.start[row + 1]!];
        const now = rowsOfTerms(terms(item), rows);
        return now.length !== to - from || now.some((term, i) => term !== bags.row[from + i]);
      });
    },
    encode(items) {
      const entities = Int32Array.from(items, ({ itemId }) => {
        const row = rowOf(itemId);
        return row === undefined ? stranger : trained(row) ? withId(row) : withoutId(row);
      });
      return encoder.items(
        asEntities(entities),
        Object.fromEntries(features.map((feature) => [feature.name, bagsOf(feature, items)])),
      );
    },
  };
}

/**
 * How the terms of a feature are read off an item, as `buildFeatures` does; undefined where the model does not say it.
 */
function termsOf(name: string, { bounds }: Encoded): ((item: ItemDescription) => string[]) | undefined {
  if (name === 'category') return ({ category }) => (category === null ? [] : [category]);
  if (name === 'title') return ({ title }) => tokenize(title);
  if (name === 'price') return bounds && (({ priceMinor }) => bucketOf(priceMinor, bounds));
  return ({ attributes }) => (attributes[name] ? attributes[name].split('|') : []);
}
