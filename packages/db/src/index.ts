export { connect, type Database, openDatabase } from './database.ts';
export * from './generated/client.ts';
export { migrate } from './migrate.ts';
export { type Postgres, startPostgres } from './postgres.ts';
