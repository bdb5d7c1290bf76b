import { attempt } from '#data/problem.ts';
import { openedDatabase } from '#data/services.ts';

/** For the supervisor and load balancers: public, and says no more than whether the admin can do its work. */
export async function GET(): Promise<Response> {
  const { problem } = await attempt(async () => (await openedDatabase()).pool.query('SELECT 1'));
  return Response.json(
    { status: problem === undefined ? 'ok' : 'unavailable', database: problem === undefined },
    { status: problem === undefined ? 200 : 503, headers: { 'cache-control': 'no-store' } },
  );
}
