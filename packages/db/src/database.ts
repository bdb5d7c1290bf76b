import type { Config } from '@duet/base';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.ts';
import { startPostgres } from './postgres/postgres.ts';

/** One pool of connections, for SQL and for Prisma alike. */
export interface Database extends AsyncDisposable {
  prisma: PrismaClient;
  pool: pg.Pool;
  url: string;
}

/** One connection of the pool, for what must be one transaction. */
export type Connection = pg.PoolClient;

export interface ConnectOptions {
  /** Connections at most; 10 where it is not said. */
  max?: number;
  /**
   * Limit of a connection's making, and of one query, for a server that hangs or cannot be reached. None by default.
   */
  timeoutMs?: number;
}

/** Opens the database at a PostgreSQL URL. Connections are made as they are needed. */
export async function connect(url: string, { max = 10, timeoutMs }: ConnectOptions = {}): Promise<Database> {
  const limits = timeoutMs !== undefined && { connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
  const pool = new pg.Pool({ connectionString: url, max, application_name: 'duet', ...limits });
  // An idle connection that the server ended is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  // So would one that is held, beside the query that fails with it.
  pool.on('connect', (client) => void client.on('error', () => {}));
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
export async function openDatabase(config: Config, options?: ConnectOptions): Promise<Database> {
  const postgres = await startPostgres(config);
  const database = await connect(postgres.url, options);
  return {
    ...database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
    },
  };
}
