import { setTimeout as pause } from 'node:timers/promises';
import type { Config, DuetError } from '@duet/base';
import { type Postgres, startPostgres } from '@duet/db';

/**
 * PostgreSQL for as long as Duet runs: an embedded server that ends by itself is started again after a second. Where it
 * does not start, `onHopeless` is told why.
 */
export async function keepPostgres(
  config: Config,
  { say, onHopeless }: { say: (line: string) => void; onHopeless: (error: DuetError) => void },
): Promise<Postgres> {
  let stopping = false;
  let server = await startPostgres(config);
  const keep = async () => {
    while (server.ended !== undefined) {
      await server.ended;
      if (stopping) return;
      say('The embedded PostgreSQL ended; it is started again.');
      await pause(1000);
      if (stopping) return;
      server = await startPostgres(config);
      if (stopping) await server[Symbol.asyncDispose]();
    }
  };
  const keeping = keep().catch(onHopeless);
  const { url, embedded, version } = server;
  return {
    url,
    embedded,
    version,
    async [Symbol.asyncDispose]() {
      stopping = true;
      await server[Symbol.asyncDispose]();
      await keeping;
    },
  };
}
