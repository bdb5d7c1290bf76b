import { logger, openedDatabase } from '#data/services.ts';

/** For the supervisor and load balancers: public, and says no more than whether the admin can do its work. */
export async function GET(): Promise<Response> {
  const database = await openedDatabase()
    .then(({ pool }) => pool.query('SELECT 1'))
    .then(() => true)
    .catch((err) => {
      logger().error({ err }, 'the database does not answer');
      return false;
    });
  return Response.json(
    { status: database ? 'ok' : 'unavailable', database },
    { status: database ? 200 : 503, headers: { 'cache-control': 'no-store' } },
  );
}
