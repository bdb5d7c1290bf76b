import type { ImportSettings } from '../request.ts';
import { largestPrice } from '../shape.ts';
import type { ItemsSummary, ListedFields, TableMapping } from '../summary.ts';
import { allAttributes, attributeColumns, attributesOf } from './attributes.ts';
import { allFaults, brokenRow, type Check, firstProblem, reportFaults } from './checks.ts';
import { type Profile, profileRows } from './profile.ts';
import type { Rows } from './rows/rows.ts';
import { columnOf } from './source/source.ts';
import { categoryPath } from './values/category.ts';
import { numberOf } from './values/price.ts';
import { hiddenBy, stocked } from './values/states.ts';
import { itemIds, items, knownItems, listedItems, lists, scanned } from './workspace/tables.ts';
import { literal, type Workspace } from './workspace/workspace.ts';

/** The attribute that has all levels of an item's category, from the root, joined by |. */
const categoryPathAttribute = 'category path';

/** Rows of an entity's file, one an id: how many it had, and how they were used. */
export interface Listed {
  accounts: TableMapping['rows'];
  superseded: number;
}

/** Counts of a checked table of an entity's rows, of which those with `last` count. */
export async function countListed(
  workspace: Workspace,
  { source: { unreadable } }: Rows,
  table: string,
): Promise<Listed> {
  const groups = await workspace.rows(
    `SELECT problem IS NOT NULL AS malformed, coalesce(ignored, CASE WHEN NOT last THEN 'a later row has its id' END) AS why,
       count(*)::DOUBLE AS n FROM ${table} GROUP BY ALL ORDER BY n DESC`,
  );
  const ignored: Record<string, number> = {};
  let [read, rejected, used] = [unreadable, unreadable, 0];
  for (const { malformed, why, n } of groups) {
    read += Number(n);
    if (malformed) rejected += Number(n);
    else if (why === null) used += Number(n);
    else ignored[String(why)] = Number(n);
  }
  const usedPercent = read === 0 ? 0 : Math.round((1000 * used) / read) / 10;
  return {
    accounts: { read, used, rejected, ignored, usedPercent },
    superseded: ignored['a later row has its id'] ?? 0,
  };
}

interface ListedItems extends Listed {
  profile: Profile;
  says: ListedFields;
}

/** What of an item a file says, by its columns. */
function saidBy(rows: Rows, { itemLists }: ImportSettings): ListedFields {
  const { title, category, price, stock, image, link } = rows.roles;
  const fields = { title, category, price, stock };
  return {
    fields: (Object.keys(fields) as (keyof typeof fields)[]).filter((name) => fields[name] !== undefined),
    attributes: [
      ...[...attributeColumns(rows), ...Object.keys(itemLists)],
      ...[...(category ? [categoryPathAttribute] : []), ...(image ? ['image'] : []), ...(link ? ['link'] : [])],
    ],
  };
}

/** What an items file says, as {@link listedItems}: of each id its last row, or what its rows say together. */
async function readListed(
  workspace: Workspace,
  rows: Rows,
  { settings, scale, now }: { settings: ImportSettings; scale: number; now: Date },
): Promise<ListedItems> {
  const profile = await profileRows(workspace, rows, settings);
  const { price: reading } = profile.numbers;
  const price = reading ? numberOf(rows.text('price'), reading) : 'NULL::DOUBLE';
  const isHidden = rows.hidden ?? hiddenBy(rows.source.columns, (name) => columnOf(rows.source, name), now);
  const attributes = await attributesOf(workspace, rows, {
    [categoryPathAttribute]: `CASE WHEN len(path) > 1 THEN array_to_string(path, '|') END`,
    ...(rows.roles.image && { image: rows.text('image') }),
    ...(rows.roles.link && { link: rows.text('link') }),
  });
  const problems: Check[] = [
    brokenRow,
    { when: 'id IS NULL', column: rows.blamed('item'), reason: literal(`no ${settings.right}`) },
  ];
  const values: Check[] = [
    ...(rows.roles.price
      ? [
          {
            when: `${rows.text('price')} IS NOT NULL AND read_price IS NULL`,
            reason: literal('price is not a number'),
          },
          { when: 'read_price < 0', reason: literal('price is negative') },
          { when: `read_price * ${scale} > ${largestPrice}`, reason: literal('price is too large') },
        ].map((check) => ({ ...check, column: rows.blamed('price') }))
      : []),
    ...(rows.roles.stock
      ? [
          {
            when: `${rows.text('stock')} IS NOT NULL AND stocked IS NULL`,
            column: rows.blamed('stock'),
            reason: literal('stock is neither a number nor yes or no'),
          },
        ]
      : []),
  ];
  const checked = 'checked_items';
  await workspace.run(
    `CREATE TABLE ${checked} AS
     SELECT _row, id, title, path, price, stocked, hidden, attributes, ignored, problem, emptied,
       ${rows.file?.merge ? 'true' : 'row_number() OVER (PARTITION BY id, problem IS NULL AND ignored IS NULL ORDER BY _row DESC) = 1'} AS last
     FROM (SELECT *, CASE WHEN read_price >= 0 AND read_price * ${scale} <= ${largestPrice} THEN read_price END AS price,
       ${attributes} AS attributes, CASE WHEN ignored IS NULL THEN ${firstProblem(rows, problems)} END AS problem,
       CASE WHEN ignored IS NULL THEN ${allFaults(rows, values)} END AS emptied
       FROM (SELECT *, ${rows.ignored} AS ignored, nfc_normalize(${rows.text('item')}) AS id, ${rows.text('title')} AS title,
         ${categoryPath(rows.text('category'))} AS path, ${price} AS read_price, ${stocked(rows.text('stock'))} AS stocked,
         coalesce(${isHidden ?? 'false'}, false) AS hidden
       FROM ${rows.source.view}))`,
  );
  await reportFaults(workspace, rows, checked);
  const sound = `${checked} WHERE problem IS NULL AND ignored IS NULL AND last`;
  const latest = (name: string): string => `arg_max(${name}, _row) FILTER (${name} IS NOT NULL) AS ${name}`;
  await workspace.fill(
    listedItems,
    rows.file?.merge
      ? `SELECT id, ${latest('title')}, ${latest('path').replace(/path$/, 'category')}, ${latest('price')}, ${latest('stocked')},
           ${latest('hidden')}, ${latest('attributes')} FROM ${sound} GROUP BY id`
      : `SELECT id, title, path AS category, price, stocked, hidden, attributes FROM ${sound}`,
  );
  const says = saidBy(rows, settings);
  return { ...(await countListed(workspace, rows, checked)), profile, says };
}

/**
 * Makes the table {@link items}. The items file has the last word; what it leaves open comes from the item's latest
 * interaction that says it.
 */
export async function readItems(
  workspace: Workspace,
  input: {
    rows: Rows | undefined;
    interactionRows: Rows;
    settings: ImportSettings;
    minorUnits: (profile: Profile | undefined) => number;
    now: Date;
  },
): Promise<ItemsSummary & { listed: ListedItems | undefined; covered: number }> {
  const { rows, interactionRows, settings, now } = input;
  // Prices are bounded by the smallest unit that a currency has.
  const listed = rows && (await readListed(workspace, rows, { settings, scale: 1000, now }));
  const scale = 10 ** input.minorUnits(listed?.profile);
  const listedShare = rows ? await shareListed(workspace) : 0;
  const isComplete =
    rows !== undefined && (settings.catalogue ?? (listedShare >= 0.5 ? 'complete' : 'partial')) === 'complete';
  const describedRoles = (['title', 'category', 'price'] as const).filter(
    (role) => interactionRows.roles[role] !== undefined,
  );
  const latest = describedRoles.map(
    (role) => `arg_max(${role}, (moment, _row)) FILTER (${role} IS NOT NULL) AS latest_${role}`,
  );
  const or = (role: (typeof describedRoles)[number]): string =>
    describedRoles.includes(role) ? `latest_${role}` : 'NULL';
  const path = describedRoles.includes('category') ? categoryPath('latest_category') : 'NULL::VARCHAR[]';
  const join =
    describedRoles.length === 0
      ? ''
      : `LEFT JOIN (SELECT id, latest.* EXCLUDE (item_key) FROM ${itemIds} JOIN
           (SELECT item_key, ${latest} FROM ${scanned} WHERE NOT faulty AND ignored IS NULL AND NOT cancels GROUP BY item_key) latest
           ON number = item_key) USING (id)`;
  await workspace.fill(
    items,
    `SELECT (row_number() OVER (ORDER BY id) - 1)::INTEGER AS row, id AS item_id,
       coalesce(listed.title, ${or('title')}, '') AS title,
       list_last(CASE WHEN len(listed.category) > 0 THEN listed.category ELSE ${path} END) AS category,
       coalesce(listed.price, ${or('price')})::DOUBLE AS major,
       CASE WHEN major * ${scale} <= ${largestPrice} THEN round(major * ${scale})::INTEGER END AS price_minor,
       coalesce(stocked, true) AS in_stock, coalesce(hidden, ${isComplete}) AS withdrawn, ${allAttributes} AS attributes
     FROM (SELECT id FROM ${knownItems} ${rows ? `UNION SELECT id FROM ${listedItems}` : ''}) ids
       LEFT JOIN ${listedItems} listed USING (id) LEFT JOIN ${lists('items')} USING (id) ${join}`,
  );
  return {
    ...(await summarise(workspace, rows !== undefined)),
    superseded: listed?.superseded ?? 0,
    listed,
    covered: listedShare,
  };
}

/** The share of the interactions whose items the items file lists. */
async function shareListed(workspace: Workspace): Promise<number> {
  const { share: listedShare } = await workspace.row(
    `SELECT coalesce(sum(interactions) FILTER (id IN (SELECT id FROM ${listedItems})) / sum(interactions), 0)::DOUBLE AS share
     FROM ${knownItems}`,
  );
  return Number(listedShare);
}

/** Counts of {@link items}; without an items file all are of interactions, shown and in stock. */
async function summarise(workspace: Workspace, isListed: boolean): Promise<Omit<ItemsSummary, 'superseded'>> {
  if (!isListed) return { read: 0, withoutInteractions: 0, hidden: 0, withdrawn: 0, outOfStock: 0 };
  const row = await workspace.row(`
    SELECT count(*) FILTER (id IS NOT NULL)::DOUBLE AS read, count(*) FILTER (id IS NOT NULL AND hidden)::DOUBLE AS hidden,
      count(*) FILTER (id IS NULL AND withdrawn)::DOUBLE AS withdrawn, count(*) FILTER (NOT in_stock)::DOUBLE AS out,
      count(*) FILTER (item_id NOT IN (SELECT id FROM ${knownItems}))::DOUBLE AS cold
    FROM ${items} LEFT JOIN ${listedItems} listed ON listed.id = item_id`);
  return {
    read: Number(row.read),
    withoutInteractions: Number(row.cold),
    hidden: Number(row.hidden),
    withdrawn: Number(row.withdrawn),
    outOfStock: Number(row.out),
  };
}
