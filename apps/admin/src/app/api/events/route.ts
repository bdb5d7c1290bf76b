import { liveEvents } from '#data/events.ts';

export async function GET(): Promise<Response> {
  return Response.json(await liveEvents(), { headers: { 'cache-control': 'no-store' } });
}
