import type { EntitySummary } from '../summary.ts';
import { brokenRow, type Check, finite, firstProblem, rejectProblems } from './checks.ts';
import type { Roles } from './columns.ts';
import { columnOf, type Source } from './source.ts';
import {
  type Entity,
  interactions,
  items,
  knownItems,
  knownUsers,
  listedItems,
  listedUsers,
  lists,
  scanned,
  users,
} from './tables.ts';
import { literal, type Workspace } from './workspace.ts';

/** PostgreSQL's `integer`, which a price in minor units must fit. */
const largestPrice = 2_147_483_647;

/** SQL for whether there is any: of a number, or of the words that shops say it with; NULL where it says neither. */
const stocked = (text: string): string => `CASE
  WHEN lower(${text}) IN ('true', 't', 'yes', 'y', 'in stock', 'in_stock', 'instock', 'available') THEN true
  WHEN lower(${text}) IN ('false', 'f', 'no', 'n', 'out of stock', 'out_of_stock', 'outofstock', 'unavailable') THEN false
  ELSE ${finite(text)} > 0 END`;

/** SQL for a JSON object of the columns that have no role, without those that are missing. */
function attributesOf(source: Source, roles: Roles): string {
  const taken = new Set(Object.values(roles));
  const pairs = source.columns
    .filter((name) => !taken.has(name))
    .map((name) => `${literal(name)}, ${columnOf(source, name)}`);
  return pairs.length > 0 ? `json_merge_patch('{}', json_object(${pairs}))::VARCHAR` : `'{}'`;
}

/** SQL for the attributes of an entity's own file and of its lists. */
const allAttributes = `json_merge_patch(coalesce(attributes, '{}'), coalesce(lists, '{}'))::VARCHAR`;

/** Reads a file of items or users into {@link listedItems} or {@link listedUsers}, one row an id, its first. */
async function readListed(
  workspace: Workspace,
  table: Entity,
  source: Source,
  roles: Roles,
  more: { entity: string; columns: string; checks: Check[] },
): Promise<void> {
  const role = table === 'items' ? 'item' : 'user';
  const id = columnOf(source, roles[role]);
  const checks: Check[] = [
    brokenRow,
    { when: 'id IS NULL', column: roles[role], reason: literal(`no ${more.entity}`) },
    ...more.checks,
    { when: 'place > 1', column: roles[role], reason: literal(`${more.entity} is listed before`) },
  ];
  await workspace.run(
    `CREATE TABLE checked_${table} AS SELECT *, ${firstProblem(source, checks)} AS problem FROM (
       SELECT *, row_number() OVER (PARTITION BY id ORDER BY _line) AS place FROM (
         SELECT *, ${id} AS id, ${attributesOf(source, roles)} AS attributes, ${more.columns} FROM ${source.view}))`,
  );
  await rejectProblems(workspace, source, `checked_${table}`);
  await workspace.fill(
    table === 'items' ? listedItems : listedUsers,
    `SELECT * FROM checked_${table} WHERE problem IS NULL`,
  );
}

/**
 * Makes the table {@link items}. The items file has the last word; what it leaves open comes from the item's latest interaction
 * that says it.
 */
export async function readItems(
  workspace: Workspace,
  input: { entity: string; source: Source | undefined; roles: Roles; interactionRoles: Roles; minorUnits: number },
): Promise<EntitySummary> {
  const { source, roles, interactionRoles, minorUnits } = input;
  const scale = 10 ** minorUnits;
  if (source) {
    const price = columnOf(source, roles.price);
    const stock = columnOf(source, roles.stock);
    await readListed(workspace, 'items', source, roles, {
      entity: input.entity,
      columns: `${columnOf(source, roles.title)} AS title, ${columnOf(source, roles.category)} AS category,
        ${finite(price)} AS price, ${stocked(stock)} AS stocked`,
      checks: [
        ...(roles.price
          ? [
              {
                when: `${price} IS NOT NULL AND price IS NULL`,
                column: roles.price,
                reason: literal('price is not a number'),
              },
              { when: 'price < 0', column: roles.price, reason: literal('price is negative') },
              {
                when: `price * ${scale} > ${largestPrice}`,
                column: roles.price,
                reason: literal('price is too large'),
              },
            ]
          : []),
        ...(roles.stock
          ? [
              {
                when: `${stock} IS NOT NULL AND stocked IS NULL`,
                column: roles.stock,
                reason: literal('stock is neither a number nor yes or no'),
              },
            ]
          : []),
      ],
    });
  } else await workspace.create(listedItems);
  const latest = (role: 'title' | 'category' | 'price'): string =>
    interactionRoles[role] ? `arg_max(${role}, (moment, _line)) FILTER (${role} IS NOT NULL)` : 'NULL';
  await workspace.fill(
    items,
    `WITH said AS (
      SELECT item_id AS id, ${latest('title')} AS title, ${latest('category')} AS category, ${latest('price')} AS price
      FROM ${scanned} WHERE problem IS NULL AND NOT cancels GROUP BY item_id
    ), ids AS (
      SELECT id FROM ${knownItems} WHERE key IN (SELECT item_key FROM ${interactions})
      UNION SELECT id FROM ${listedItems}
    )
    SELECT (row_number() OVER (ORDER BY id) - 1)::INTEGER AS row, id AS item_id,
      coalesce(listed_title, said_title, '') AS title, coalesce(listed_category, said_category) AS category,
      CASE WHEN major * ${scale} <= ${largestPrice} THEN round(major * ${scale})::INTEGER END AS price_minor,
      coalesce(stocked, true) AS in_stock,
      ${allAttributes} AS attributes
    FROM (SELECT id, attributes, lists, stocked, listed.title AS listed_title, said.title AS said_title,
        listed.category AS listed_category, said.category AS said_category, coalesce(listed.price, said.price) AS major
      FROM ids LEFT JOIN ${listedItems} listed USING (id) LEFT JOIN said USING (id) LEFT JOIN ${lists('items')} USING (id))`,
  );
  const row = await workspace.row(`
    SELECT (SELECT count(*) FROM ${listedItems})::DOUBLE AS read, count(*)::DOUBLE AS cold FROM ${items}
    WHERE item_id NOT IN (SELECT id FROM ${knownItems} WHERE key IN (SELECT item_key FROM ${interactions}))`);
  return { read: Number(row.read), withoutInteractions: Number(row.cold) };
}

/** Makes the table {@link users}. */
export async function readUsers(
  workspace: Workspace,
  input: { entity: 'user' | 'query'; source: Source | undefined; roles: Roles },
): Promise<EntitySummary> {
  const { entity, source, roles } = input;
  if (source) {
    const columns = `${columnOf(source, roles.title)} AS title`;
    await readListed(workspace, 'users', source, roles, { entity, columns, checks: [] });
  } else await workspace.create(listedUsers);
  // A query that nothing is said of is its own text.
  const title = entity === 'query' ? 'coalesce(title, id)' : `coalesce(title, '')`;
  await workspace.fill(
    users,
    `SELECT (row_number() OVER (ORDER BY id) - 1)::INTEGER AS row, id AS user_id, ${title} AS title,
      ${allAttributes} AS attributes
     FROM ${knownUsers} LEFT JOIN ${listedUsers} USING (id) LEFT JOIN ${lists('users')} USING (id)
     WHERE key IN (SELECT user_key FROM ${interactions})`,
  );
  const row = await workspace.row(`
    SELECT count(*)::DOUBLE AS read, count(*) FILTER (id NOT IN (SELECT user_id FROM ${users}))::DOUBLE AS idle
    FROM ${listedUsers}`);
  return { read: Number(row.read), withoutInteractions: Number(row.idle) };
}
