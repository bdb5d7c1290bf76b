import { unstable_rethrow } from 'next/navigation';
import { logger, openedDatabase, signedIn } from './services.ts';

/** Why no page can be shown, or undefined where the database answers and has Duet's tables. */
export async function databaseProblem(): Promise<string | undefined> {
  try {
    await signedIn();
    const { pool } = await openedDatabase();
    const { rows } = await pool.query<{ ready: boolean }>(`SELECT to_regclass('"Dataset"') IS NOT NULL AS ready`);
    return rows[0]!.ready ? undefined : 'It is empty: Duet’s tables have not been made yet. Starting Duet makes them.';
  } catch (error) {
    // A redirect to the log-in is thrown too, and is no problem of the database.
    unstable_rethrow(error);
    logger().error({ err: error }, 'the database does not answer');
    return error instanceof Error ? error.message : String(error);
  }
}
