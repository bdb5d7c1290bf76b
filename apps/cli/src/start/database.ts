import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '@duet/base';
import { type Postgres, startPostgres } from '@duet/db';

/** Waits before the first, the second … new attempt; the last is repeated for as long as it takes. */
const waitsMs = [0, 1000, 2000, 4000, 8000, 16_000, 30_000];

/** A server that lived this long is started again at once: it is not its start that it dies of. */
const steadyMs = 3_000;

/**
 * PostgreSQL for as long as Duet runs: an embedded server that ends by itself is started again, and where it does not
 * start (its disk may be full) that is tried for ever. What needs no database goes on meanwhile.
 */
export async function keepPostgres(config: Config, { say }: { say: (line: string) => void }): Promise<Postgres> {
  const stopping = new AbortController();
  let server = await startPostgres(config);
  const keep = async () => {
    for (let [tries, startedAt] = [0, Date.now()]; server.ended !== undefined; ) {
      await server.ended;
      if (Date.now() - startedAt > steadyMs) tries = 0;
      for (let started = false; !started; ) {
        const waitMs = waitsMs[Math.min(tries++, waitsMs.length - 1)];
        await pause(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
        if (stopping.signal.aborted) return;
        if (tries === 1) say('The embedded PostgreSQL ended; it is started again.');
        try {
          server = await startPostgres(config);
          [started, startedAt] = [true, Date.now()];
        } catch (error) {
          if (tries < 3)
            say(`✘ The embedded PostgreSQL does not start and is tried again: ${(error as Error).message}`);
        }
      }
      if (stopping.signal.aborted) await server[Symbol.asyncDispose]();
    }
  };
  const keeping = keep();
  const { url, embedded, version, log } = server;
  return {
    url,
    embedded,
    version,
    ...(log !== undefined && { log }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await server[Symbol.asyncDispose]();
      await keeping;
    },
  };
}
