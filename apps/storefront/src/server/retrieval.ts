import { createDuetClient, type DuetClient, DuetClientError } from '@duet/client';
import { settings } from './settings.ts';

const { retrievalUrl: url, apiKey } = settings();

/** This server's client, one for its life. Pages have one of their own, with a key that everybody may read. */
const duet: DuetClient = createDuetClient({ url, apiKey, timeoutMs: 3_000, deadlineMs: 6_000 });

/** What came of a call: its value and how long it took, or why there is none. */
export type Answer<T> =
  | { ok: true; value: T; roundTripMs: number }
  | { ok: false; code: DuetClientError['code']; message: string };

/** Calls the retrieval service. A failure is an answer too, because a shop page must never crash over one. */
export async function ask<T>(call: (duet: DuetClient) => Promise<T>): Promise<Answer<T>> {
  const start = performance.now();
  try {
    return { ok: true, value: await call(duet), roundTripMs: performance.now() - start };
  } catch (cause) {
    if (!(cause instanceof DuetClientError)) throw cause;
    if (cause.code !== 'not-found') console.error(`Retrieval: ${cause.message}`);
    return { ok: false, code: cause.code, message: cause.message };
  }
}
