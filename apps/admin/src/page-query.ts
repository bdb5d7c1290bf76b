/** The query of an address as Next gives it. */
export type PageQuery = Promise<Record<string, string | string[] | undefined>>;

/**
 * One parameter, trimmed and cut to what a search needs, without NULs, which PostgreSQL refuses; '' where there is
 * none.
 */
export async function textQuery(query: PageQuery, name: string): Promise<string> {
  const value = (await query)[name];
  return typeof value === 'string' ? value.replaceAll('\0', '').trim().slice(0, 200) : '';
}

/** A 1-based page number; 1 for anything that is none. */
export async function pageQuery(query: PageQuery): Promise<number> {
  const value = Number(await textQuery(query, 'page'));
  return Number.isInteger(value) && value >= 1 && value <= 1_000_000 ? value : 1;
}
