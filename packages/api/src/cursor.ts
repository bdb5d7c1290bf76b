import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { DuetError } from '@duet/base';

/** Items that a visit's pages may show of one list. */
const mostShown = 1_000;
const longestText = 250_000;

/**
 * What names the next page of a list: the items of the pages before it, so that none comes twice whatever happens to
 * the list meanwhile. Nothing is kept in the service, so any replica answers.
 *
 * @returns null where the list has no next page
 */
export function nextCursor(shown: readonly string[], page: readonly string[], k: number): string | null {
  const all = [...shown, ...page];
  if (page.length < k || all.length >= mostShown) return null;
  return deflateRawSync(JSON.stringify(all)).toString('base64url');
}

/** The items of the pages before. @throws DuetError `bad-input` for what is no cursor of {@link nextCursor} */
export function shownBefore(cursor: string | undefined): string[] {
  if (cursor === undefined) return [];
  try {
    const text = inflateRawSync(Buffer.from(cursor, 'base64url'), { maxOutputLength: longestText }).toString();
    const shown: unknown = JSON.parse(text);
    const isList = Array.isArray(shown) && shown.length < mostShown && shown.every((id) => typeof id === 'string');
    if (isList) return shown as string[];
  } catch {
    // Said below.
  }
  throw new DuetError('bad-input', 'This is no cursor of an answer.', {
    where: { field: 'cursor' },
    fix: 'Send the nextCursor of the page before, or none for the first page.',
  });
}
