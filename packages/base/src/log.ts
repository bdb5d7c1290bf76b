import { type Logger, pino } from 'pino';

export type { Logger };

/** The one logger: JSON lines on stderr, so that stdout stays a command's own. Secrets are cut out by name. */
export function createLogger(config: { logLevel: string }, name: string): Logger {
  const secrets = ['apiKey', 'key', 'password', 'databaseUrl', 'authorization', 'cookie', 'url.password'];
  return pino(
    {
      name,
      level: config.logLevel,
      redact: { paths: secrets.flatMap((path) => [path, `*.${path}`]), censor: '[hidden]' },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
