import { DuetError } from '@duet/base';

/** A state of the database in which no call is served, whatever it asks: what it is called, and how to mend it. */
interface Fault {
  says: string;
  fix: string;
}

const gone: Fault = {
  says: 'The database does not answer.',
  fix: 'Check that PostgreSQL runs and that DATABASE_URL leads to it.',
};
const timedOut: Fault = {
  says: 'The database did not answer in time.',
  fix: 'It is overloaded, hangs or waits for a lock: its log and pg_stat_activity tell.',
};
const connections: Fault = {
  says: 'The database has no connection free.',
  fix: 'Raise max_connections, or let fewer processes use it.',
};
const refused: Fault = {
  says: 'The database does not let Duet in.',
  fix: 'Check user, password and database of DATABASE_URL.',
};

/**
 * Codes by which PostgreSQL (five characters, postgresql.org/docs/18/errcodes-appendix.html), Prisma (P and four
 * digits) and Node's sockets tell such a state; the first that a code begins with counts.
 */
const faults: readonly (readonly [prefixes: readonly string[], fault: Fault])[] = [
  [
    ['53100'],
    { says: "The database's disk is full.", fix: 'Make room on it: what was refused can then be sent again.' },
  ],
  [
    ['53200'],
    { says: 'The database has no memory left.', fix: 'Give its machine more, or lower work_mem and shared_buffers.' },
  ],
  [['53300', 'P2037'], connections],
  [['53'], { says: 'The database has reached a limit of its settings.', fix: 'Its log names the limit.' }],
  [['57014', '55P03', '25P03', '25P04', 'P1002', 'P1008', 'P2024', 'P2028', 'ETIMEDOUT'], timedOut],
  [['40001', '40P01', 'P2034'], { says: 'The database was busy with the same rows.', fix: 'Try again.' }],
  [['57'], { says: 'The database is starting or stopping.', fix: 'Wait until PostgreSQL is up again.' }],
  [['58'], { says: "The database's machine or disk has a fault.", fix: 'Its log names the file and the reason.' }],
  [
    ['25006'],
    {
      says: 'The database is read-only.',
      fix: 'It is a standby, or default_transaction_read_only is on: point DATABASE_URL at the primary.',
    },
  ],
  [
    ['42501'],
    {
      says: "The database's user lacks a right.",
      fix:
        'Make it the owner of the database, or grant what is missing: ' +
        'GRANT CREATE ON DATABASE <database> TO <user>; GRANT CREATE, USAGE ON SCHEMA public TO <user>;',
    },
  ],
  [['28', '3D000', 'P1000', 'P1003', 'P1010'], refused],
  [['08', 'P1', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'], gone],
];

/** What `pg` says without a code. */
const faultByMessage: readonly (readonly [begins: string, fault: Fault])[] = [
  ['Connection terminated', gone],
  ['Client has encountered a connection error', gone],
  ['timeout exceeded when trying to connect', timedOut],
  ['timeout expired', timedOut],
  ['Query read timeout', timedOut],
];

interface DriverError {
  code?: unknown;
  /** Of Prisma, where it could not begin. */
  errorCode?: unknown;
  message?: unknown;
  /** Where Prisma keeps PostgreSQL's own code. */
  meta?: { driverAdapterError?: { cause?: { originalCode?: unknown; originalMessage?: unknown } } };
  cause?: unknown;
}

function faultOf(error: unknown, depth = 0): Fault | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined;
  const { code, errorCode, message, meta, cause } = error as DriverError;
  for (const known of [meta?.driverAdapterError?.cause?.originalCode, code, errorCode]) {
    if (typeof known !== 'string') continue;
    const found = faults.find(([prefixes]) => prefixes.some((prefix) => known.startsWith(prefix)));
    if (found) return found[1];
  }
  const found = typeof message === 'string' ? faultByMessage.find(([begins]) => message.startsWith(begins)) : undefined;
  return found?.[1] ?? faultOf(cause, depth + 1);
}

const detailOf = ({ meta, message }: DriverError): string =>
  String(meta?.driverAdapterError?.cause?.originalMessage ?? message)
    .trim()
    .split('\n')
    .at(-1)!;

/**
 * What a database's error says of the database itself: an `unavailable` DuetError where its state is the cause and the
 * same call may work later, undefined where the call is.
 */
export function databaseFault(error: unknown): DuetError | undefined {
  if (error instanceof DuetError) return undefined;
  const fault = faultOf(error);
  if (fault === undefined) return undefined;
  // PostgreSQL's last line says which table, limit or file it was. A connection's error may hold an address.
  const detail = fault === gone || fault === timedOut ? '' : ` (${detailOf(error as DriverError)})`;
  return new DuetError('unavailable', fault.says.replace(/\.$/, `${detail}.`), { fix: fault.fix, cause: error });
}

/** Whether an error says that the database serves nobody now, so that the same call may work later. */
export const isAway = (error: unknown): boolean => databaseFault(error) !== undefined;
