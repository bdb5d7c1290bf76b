import { type DestinationStream, type Level, type Logger, pino } from 'pino';

export type { Logger };

/** Lines of one message in a minute, after which the rest is only counted. */
const linesAMinute = 120;
const minuteMs = 60_000;
/** Messages that are told apart; past it, counting begins anew. */
const remembered = 1000;

/**
 * Lets a message through that is said more often than anybody reads, and says with its next line how many were left
 * out: a stranger's bad requests, or a database that is away, must not fill the disk.
 */
function floodGate(now: () => number) {
  const messages = new Map<string, { since: number; said: number; leftOut: number }>();
  /** How many lines were left out before this one; undefined where it is to be left out itself. */
  return (message: string): number | undefined => {
    const at = now();
    let counted = messages.get(message);
    if (counted === undefined || at - counted.since >= minuteMs) {
      const leftOut = counted?.leftOut ?? 0;
      if (counted === undefined && messages.size >= remembered) messages.clear();
      counted = { since: at, said: 1, leftOut: 0 };
      messages.set(message, counted);
      return leftOut;
    }
    counted.said++;
    if (counted.said <= linesAMinute) return 0;
    counted.leftOut++;
    return undefined;
  };
}

/**
 * The one logger: JSON lines on stderr, so that stdout stays a command's own. Secrets are cut out by name, and a
 * message that comes in floods is thinned, debugging aside.
 */
export function createLogger(
  config: { logLevel: string },
  name: string,
  {
    destination = pino.destination({ fd: 2, sync: true }),
    now = Date.now,
  }: { destination?: DestinationStream; now?: () => number } = {},
): Logger {
  const secrets = ['apiKey', 'key', 'password', 'databaseUrl', 'authorization', 'cookie', 'url.password'];
  const pass = floodGate(now);
  return pino(
    {
      name,
      level: config.logLevel,
      redact: { paths: secrets.flatMap((path) => [path, `*.${path}`]), censor: '[hidden]' },
      hooks: {
        logMethod(args, write, level) {
          const [first, second] = args as unknown[];
          const message = typeof first === 'string' ? first : second;
          if (level < pino.levels.values.info! || typeof message !== 'string') return write.apply(this, args);
          const leftOut = pass(`${level} ${message}`);
          if (leftOut === undefined) return;
          if (leftOut > 0) this[pino.levels.labels[level] as Level]({ leftOut, of: message }, 'lines were left out');
          write.apply(this, args);
        },
      },
    },
    destination,
  );
}
