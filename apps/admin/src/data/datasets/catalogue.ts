import { type CatalogueFilter, type CatalogueSort, catalogueFilters, catalogueSorts } from '#catalogue-filters.ts';
import { database } from '#data/services.ts';

export const cataloguePageSize = 50;

export interface CatalogueView {
  /** Part of a title or a category, or the beginning of an id. */
  search: string;
  filter: CatalogueFilter | undefined;
  sort: CatalogueSort;
}

export interface CatalogueItem {
  externalId: string;
  title: string;
  category: string | null;
  priceMinor: number | null;
  inStock: boolean;
  withdrawn: boolean;
}

/** Text as it is in a pattern of LIKE. */
const literally = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** The items of a view as a query; its parameters are $1, the dataset, and $2 and $3, the search. */
function itemsOf({ filter }: Pick<CatalogueView, 'filter'>): string {
  const shown = `WITH shown AS MATERIALIZED (
      SELECT DISTINCT "itemId" AS item FROM "Event"
      WHERE day > now() - interval '30 days' AND type = 'impression' AND "datasetId" = $1 AND NOT simulated)`;
  return `${filter === 'never-shown' ? shown : ''}
    SELECT i."externalId", i.title, c.name AS category, i."priceMinor", i."inStock", i."withdrawnAt" IS NOT NULL AS withdrawn,
      count(*) OVER ()::int AS total
    FROM "Item" i JOIN "Dataset" d ON d.id = i."datasetId" LEFT JOIN "Category" c ON c.id = i."categoryId"
    WHERE i."datasetId" = $1 AND (i.title ILIKE $2 OR c.name ILIKE $2 OR i."externalId" ILIKE $3)
      ${filter ? `AND ${catalogueFilters[filter].where}` : ''}`;
}

const patterns = (search: string): [string, string] => [`%${literally(search)}%`, `${literally(search)}%`];

/** One page of a catalogue, from 1. */
export async function catalogue(datasetId: string, view: CatalogueView & { page: number }) {
  const { pool } = await database();
  const from = (view.page - 1) * cataloguePageSize;
  const { rows } = await pool.query<CatalogueItem & { total: number }>(
    `${itemsOf(view)} ORDER BY ${catalogueSorts[view.sort].by} OFFSET $4 LIMIT $5`,
    [datasetId, ...patterns(view.search), from, cataloguePageSize],
  );
  return { total: rows[0]?.total ?? 0, rows };
}

/** All items of a view with their attributes, some thousand at a time. */
export async function* wholeCatalogue(datasetId: string, view: CatalogueView) {
  const { pool } = await database();
  const client = await pool.connect();
  try {
    await client.query('BEGIN READ ONLY');
    await client.query(`DECLARE whole NO SCROLL CURSOR FOR ${itemsOf(view)} ORDER BY ${catalogueSorts[view.sort].by}`, [
      datasetId,
      ...patterns(view.search),
    ]);
    for (;;) {
      const { rows } = await client.query<CatalogueItem>('FETCH 2000 FROM whole');
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

/** How many items of a catalogue each filter leaves, but for what has to look through the events. */
export async function catalogueCounts(datasetId: string): Promise<{ filter: CatalogueFilter; items: number }[]> {
  const { pool } = await database();
  const counted = (Object.keys(catalogueFilters) as CatalogueFilter[]).filter((filter) => filter !== 'never-shown');
  const { rows } = await pool.query<Record<string, number>>(
    `SELECT ${counted.map((filter) => `count(*) FILTER (${`WHERE ${catalogueFilters[filter].where}`})::int AS "${filter}"`)}
     FROM "Item" i JOIN "Dataset" d ON d.id = i."datasetId" WHERE i."datasetId" = $1`,
    [datasetId],
  );
  return counted.map((filter) => ({ filter, items: rows[0]![filter]! }));
}
