import type { ImportOrder, InspectedUpload, UploadPreview } from '@duet/datasets';

export type Table = 'interactions' | 'items' | 'users';

/** What a file may hold, as the menu says it. */
export const holds = {
  interactions: 'Orders or events',
  items: 'Products',
  users: 'Shoppers',
  beside: 'Joined to the others',
  none: 'Not used',
} as const satisfies Record<ImportOrder['tables'][string], string>;

/** The roles of columns by table, with what the menus call them; the first of a table is needed. */
export const roles: Record<Table, { role: string; label: string; needed?: boolean }[]> = {
  interactions: [
    { role: 'user', label: 'Shopper', needed: true },
    { role: 'item', label: 'Product', needed: true },
    { role: 'time', label: 'Time' },
    { role: 'event', label: 'Kind of event' },
    { role: 'quantity', label: 'Quantity' },
    { role: 'price', label: 'Price of one' },
    { role: 'value', label: 'Value of the row' },
    { role: 'order', label: 'Order' },
    { role: 'rating', label: 'Rating' },
    { role: 'currency', label: 'Currency' },
    { role: 'title', label: 'Title of the product' },
    { role: 'category', label: 'Category of the product' },
  ],
  items: [
    { role: 'item', label: 'Product', needed: true },
    { role: 'title', label: 'Title' },
    { role: 'category', label: 'Category' },
    { role: 'price', label: 'Price' },
    { role: 'currency', label: 'Currency' },
    { role: 'stock', label: 'Stock' },
    { role: 'image', label: 'Image' },
    { role: 'link', label: 'Link' },
  ],
  users: [
    { role: 'user', label: 'Shopper', needed: true },
    { role: 'title', label: 'Name' },
  ],
};

/** Where an order's settings keep the columns of a table. */
const columnsKey = { interactions: 'columns', items: 'itemColumns', users: 'userColumns' } as const;

/** What each file holds: as somebody has said, else as it was recognised. */
export const tablesOf = (files: InspectedUpload[], chosenTables: ImportOrder['tables']): ImportOrder['tables'] =>
  Object.fromEntries(files.map(({ id, table }) => [id, chosenTables[id] ?? table ?? 'none']));

/** An order with a column for a role: null for none, undefined for the one that is found. */
export function withColumn(order: ImportOrder, table: Table, role: string, column: string | null | undefined) {
  const key = columnsKey[table];
  const { [role]: _, ...others } = (order.settings[key] ?? {}) as Record<string, string | null>;
  const columns = column === undefined ? others : { ...others, [role]: column };
  return { ...order, settings: { ...order.settings, [key]: columns } };
}

/** The column that a menu shows for a role: the one that was chosen, else the one that was found. */
export function columnOf(
  { settings }: ImportOrder,
  found: UploadPreview['mapping'] | undefined,
  table: Table,
  role: string,
) {
  const chosen = (settings[columnsKey[table]] as Record<string, string | null> | undefined)?.[role];
  return chosen === undefined ? (found?.[table]?.columns[role] ?? '') : (chosen ?? '');
}

/** The name that a new dataset has until somebody gives it another: the form's, or the first file's. */
export function nameFor(files: InspectedUpload[]): string {
  const named = files.find(({ form }) => form)?.form ?? files[0]?.name.replace(/(\.[a-z0-9]{1,7})+$/i, '');
  return (named ?? '').slice(0, 100);
}
