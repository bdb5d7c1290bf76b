import { DuetError } from '@duet/config';
import { type ApiScope, type Database, verifyApiKey } from '@duet/db';
import type { Serving } from '@duet/serving';

/** Whose key a request came with, and what it allows. */
export interface Caller {
  id: string;
  name: string;
  scopes: ApiScope[];
}

/** What every procedure gets. */
export interface Context {
  db: Database;
  serving: Serving;
  /** Who is calling; undefined without a key. @throws DuetError `unauthorised` for a key that is unknown or revoked */
  authenticate(): Promise<Caller | undefined>;
}

/** A verified key is believed for this long, so that a revoked one is refused at the latest after it. */
const trustMs = 2_000;
const trusted = 1_000;

/** Checks keys against the database, and remembers the good ones for `trustMs`. */
export function createKeyCheck(
  db: Database,
  now: () => number = Date.now,
): (key: string) => Promise<Caller | undefined> {
  const known = new Map<string, { caller: Caller; until: number }>();
  return async (key) => {
    const found = known.get(key);
    if (found !== undefined && found.until > now()) return found.caller;
    known.delete(key);
    const caller = await verifyApiKey(db, key);
    if (caller === undefined) return undefined;
    if (known.size >= trusted) known.delete(known.keys().next().value!);
    known.set(key, { caller, until: now() + trustMs });
    return caller;
  };
}

/**
 * The caller that an `Authorization: Bearer <key>` header names; undefined without the header.
 * @throws DuetError `unauthorised` for a header that names nobody
 */
export async function authenticate(
  header: string | undefined,
  check: (key: string) => Promise<Caller | undefined>,
): Promise<Caller | undefined> {
  if (header === undefined) return undefined;
  const key = /^Bearer +(\S+)$/i.exec(header)?.[1];
  const caller = key === undefined ? undefined : await check(key);
  if (caller !== undefined) return caller;
  throw new DuetError('unauthorised', 'The API key is unknown or revoked.', {
    fix: 'Send a key that the admin made, as "Authorization: Bearer duet_…".',
  });
}
