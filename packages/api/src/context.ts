import { DuetError } from '@duet/base';
import { type Database, isAway, type VerifiedApiKey, verifyApiKey } from '@duet/db';
import type { EventSink, LatencyLog } from '@duet/experiments';
import type { Serving } from '@duet/serving';

/** Whose key a request came with, and what it allows. */
export type Caller = VerifiedApiKey;

/** What every procedure gets. */
export interface Context {
  db: Database;
  serving: Serving;
  events: EventSink;
  /** Told how long each arm's answers took. */
  latency: Pick<LatencyLog, 'record'>;
  /** Who is calling; undefined without a key. @throws DuetError `unauthorised` for a key that is unknown or revoked */
  authenticate(): Promise<Caller | undefined>;
}

/** A verified key is believed for this long, so that a revoked one is refused at the latest after it. */
const trustMs = 2_000;
/** From this age on a key in use is looked up again beside its requests, so that none of them waits. */
const refreshMs = 1_000;
/** Without its database the service goes on answering the keys that it knows, for this long. */
const awayTrustMs = 10 * 60_000;
const remembered = 1_000;

interface Known {
  caller: Caller;
  /** When it was last asked for, and found good. */
  at: number;
}

export type KeyCheck = (key: string) => Caller | undefined | Promise<Caller | undefined>;

/** Checks keys against the database, and remembers the good ones; a key that it remembers is answered at once. */
export function createKeyCheck(db: Database, now: () => number = Date.now): KeyCheck {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<Caller | undefined>>();

  const ask = (key: string): Promise<Caller | undefined> => {
    const under = asking.get(key);
    if (under !== undefined) return under;
    const at = now();
    const asked = verifyApiKey(db, key)
      .then((caller) => {
        known.delete(key);
        if (caller === undefined) return undefined;
        if (known.size >= remembered) known.delete(known.keys().next().value!);
        known.set(key, { caller, at });
        return caller;
      })
      .finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  };

  return (key) => {
    const found = known.get(key);
    if (found === undefined) return ask(key);
    const age = now() - found.at;
    if (age < refreshMs) return found.caller;
    const asked = ask(key).catch((error) => {
      if (isAway(error) && age < awayTrustMs) return found.caller;
      throw error;
    });
    if (age >= trustMs) return asked;
    asked.catch(() => {
      // Asked again, and then waited for, once the trust is over.
    });
    return found.caller;
  };
}

/**
 * The caller that an `Authorization: Bearer <key>` header names; undefined without the header.
 * @throws DuetError `unauthorised` for a header that names nobody
 */
export async function authenticate(header: string | undefined, check: KeyCheck): Promise<Caller | undefined> {
  if (header === undefined) return undefined;
  const key = /^Bearer +(\S+)$/i.exec(header)?.[1];
  const caller = key === undefined ? undefined : await check(key);
  if (caller !== undefined) return caller;
  throw new DuetError('unauthorised', 'The API key is unknown or revoked.', {
    fix: 'Send a key that the admin made, as "Authorization: Bearer duet_…".',
  });
}
