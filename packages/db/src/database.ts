import type { Config } from '@duet/base';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.ts';
import { startPostgres } from './postgres.ts';

/** One pool of connections, for SQL and for Prisma alike. */
export interface Database extends AsyncDisposable {
  prisma: PrismaClient;
  pool: pg.Pool;
  url: string;
}

/** One connection of the pool, for what must be one transaction. */
export type Connection = pg.PoolClient;

interface ConnectOptions {
  /** Connections at most (10); they are made as they are needed. */
  max?: number | undefined;
  /** How long a call waits for a connection before it fails; as long as it takes where none is given. */
  connectMs?: number | undefined;
  /** How long a statement may run before it is cancelled here and there; as long as it takes where none is given. */
  statementMs?: number | undefined;
}

/** Opens the database at a PostgreSQL URL. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Database> {
  const { max = 10, connectMs, statementMs } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: 'duet',
    ...(connectMs !== undefined && { connectionTimeoutMillis: connectMs }),
    // The server may hang, so this side looks at the clock as well.
    ...(statementMs !== undefined && { statement_timeout: statementMs, query_timeout: statementMs }),
  });
  // An idle connection that the server ended is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  // On a busy machine a connection takes longer than the two seconds that Prisma would wait for one.
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), transactionOptions: { maxWait: 10_000 } });
  return {
    prisma,
    pool,
    url,
    async [Symbol.asyncDispose]() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/**
 * Opens Duet's database: `DATABASE_URL`, else the data folder's embedded server, started for this process's life where
 * it does not run.
 *
 * @throws DuetError as {@link startPostgres}
 */
export async function openDatabase(config: Config): Promise<Database> {
  const postgres = await startPostgres(config);
  const database = await connect(postgres.url);
  return {
    ...database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
    },
  };
}
