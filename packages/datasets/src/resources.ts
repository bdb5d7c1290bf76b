import type { Config } from '@duet/base';
import { s3Access } from './read/containers/remote.ts';
import type { ImportResources } from './reading.ts';

const listed = (hosts: string): string[] =>
  hosts
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');

/**
 * What imports may use, as the settings say.
 *
 * @param headers Sent with requests over http(s).
 * @param env Where AWS's own tools look for keys to S3.
 */
export function importResources(
  config: Config,
  {
    headers,
    env = process.env,
  }: { headers?: Readonly<Record<string, string>> | undefined; env?: NodeJS.ProcessEnv } = {},
): ImportResources {
  return {
    ...(config.importMemoryMb && { memory: config.importMemoryMb * 2 ** 20 }),
    limits: { bytes: config.importMaxBytes, rows: config.importMaxRows },
    remote: {
      hosts: listed(config.importHosts),
      privateHosts: listed(config.importPrivateHosts),
      headers,
      s3: s3Access(env),
    },
    stdin: process.stdin,
  };
}
