import { DuetError } from '@duet/base';
import { nearNames } from './catalogue/near-names.ts';
import type { ServedDataset, ShownItem } from './dataset.ts';

/**
 * An answer whose items carry these of their own fields, by the catalogue's columns; '' where an item has none.
 *
 * @throws DuetError `bad-input` naming the columns that are near the one there is not
 */
export function withFields<Answer extends { items: readonly ShownItem[] }>(
  { catalogue }: Pick<ServedDataset, 'catalogue'>,
  fields: readonly string[] | undefined,
  answer: Answer,
): Answer {
  if (fields === undefined || fields.length === 0) return answer;
  const unknown = fields.find((name) => !Object.hasOwn(catalogue.attributes, name));
  if (unknown !== undefined) {
    const near = nearNames(unknown, Object.keys(catalogue.attributes));
    throw new DuetError('bad-input', `No item has a field "${unknown}".`, {
      where: { field: 'fields' },
      ...(near.length > 0 && { fix: `There is ${near.map((name) => `"${name}"`).join(', ')}.` }),
    });
  }
  const items = answer.items.map((item) => {
    const row = catalogue.rowOf.get(item.itemId)!;
    return { ...item, fields: Object.fromEntries(fields.map((name) => [name, catalogue.attributes[name]![row]!])) };
  });
  return { ...answer, items };
}
