import { loadConfig, readSecret } from '@duet/base';
import { createDuetClient, type DuetClient, DuetClientError } from '@duet/client';

/**
 * A client with this shop's API key. The key stays on the server: browsers talk only to the storefront. It is read for
 * each client, so that a shop started before the key was made works as soon as there is one.
 */
export function openDuet(options: { onDrop?: (eventIds: string[], reason: string) => void } = {}): DuetClient {
  const { retrievalUrl, dataDir, apiKey = readSecret(dataDir, 'storefront-api') } = loadConfig();
  const { onDrop } = options;
  return createDuetClient({
    url: retrievalUrl,
    ...(apiKey === undefined ? {} : { apiKey }),
    timeoutMs: 3_000,
    events: {
      batchSize: 500,
      ...(onDrop && {
        onDrop: (events, reason) =>
          onDrop(
            events.map((event) => event.eventId),
            reason,
          ),
      }),
    },
  });
}

/** What came of a call: its value and how long it took, or why there is none. */
export type Answer<T> =
  | { ok: true; value: T; roundTripMs: number }
  | { ok: false; code: DuetClientError['code']; message: string };

/** Calls the retrieval service. A failure is an answer too, because a shop page must never crash over one. */
export async function ask<T>(call: (duet: DuetClient) => Promise<T>): Promise<Answer<T>> {
  const start = performance.now();
  try {
    return { ok: true, value: await call(openDuet()), roundTripMs: performance.now() - start };
  } catch (cause) {
    if (!(cause instanceof DuetClientError)) throw cause;
    if (cause.code !== 'not-found') console.error(`Retrieval: ${cause.message}`);
    return { ok: false, code: cause.code, message: cause.message };
  }
}
