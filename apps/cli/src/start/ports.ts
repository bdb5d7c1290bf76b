import net from 'node:net';
import { DuetError } from '@duet/base';

/** A port that something of ours will listen on. */
export interface RequestedPort {
  port: number;
  /** Whose it will be: "the admin app". */
  owner: string;
  /** The option that chooses another. */
  option: string;
}

const problemOf = (host: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });

/**
 * Checks every port before the long work begins.
 *
 * @throws DuetError `conflict` naming the port, whose it is and the option that chooses another
 */
export async function requireFreePorts(host: string, requests: readonly RequestedPort[]): Promise<void> {
  for (const [place, { port, owner, option }] of requests.entries()) {
    const twin = requests.slice(0, place).find((other) => other.port === port);
    if (twin !== undefined) {
      throw new DuetError('bad-input', `${owner} and ${twin.owner} cannot both have port ${port}.`, {
        fix: `Choose another with ${option} or ${twin.option}.`,
      });
    }
    const problem = await problemOf(host, port);
    if (problem === undefined) continue;
    const what =
      problem === 'EADDRINUSE'
        ? `Port ${port}, for ${owner}, is in use on ${host}.`
        : `Port ${port} on ${host}, for ${owner}, cannot be listened on (${problem}).`;
    throw new DuetError('conflict', what, { fix: `Stop what uses it, or choose another with ${option}.` });
  }
}
