import { deviceOf } from '@duet/client';
import { parseBody } from '../../../server/body.ts';
import { deliver } from '../../../server/delivery.ts';
import { type EventsAnswer, eventBatch } from '../../../server/requests.ts';
import { currentShopper } from '../../../server/session.ts';

/**
 * Takes a batch of events from this shop's pages: 200 once Duet has them, 503 where the browser must send them again.
 */
export async function POST(request: Request): Promise<Response> {
  const body = await parseBody(request, eventBatch);
  if (!body.ok) return body.response;
  const shopper = await currentShopper();
  const { events } = body.value;
  const device = deviceOf(request.headers.get('user-agent'));
  const own = events.filter(({ userId }) => userId === shopper).map((event) => ({ ...event, device }));
  const foreign = events
    .filter(({ userId }) => userId !== shopper)
    .map(({ eventId }) => ({ eventId, reason: 'It belongs to another shopper than this session’s.' }));
  try {
    const { arrived, refused } = own.length > 0 ? await deliver(own) : { arrived: 0, refused: [] };
    return Response.json({ arrived, refused: [...refused, ...foreign] } satisfies EventsAnswer);
  } catch (cause) {
    return Response.json({ message: (cause as Error).message }, { status: 503, headers: { 'retry-after': '5' } });
  }
}
