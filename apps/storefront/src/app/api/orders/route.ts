import { parseBody } from '../../../server/body.ts';
import { placeOrder } from '../../../server/orders.ts';
import { type OrderAnswer, orderRequest } from '../../../server/requests.ts';
import { currentShopper } from '../../../server/session.ts';

const httpStatus = { placed: 201, 'price-changed': 409, refused: 422, 'try-again': 503 } as const;

export async function POST(request: Request): Promise<Response> {
  const body = await parseBody(request, orderRequest);
  if (!body.ok) return body.response;
  const answer: OrderAnswer =
    body.value.userId === (await currentShopper())
      ? await placeOrder(body.value)
      : { status: 'refused', message: 'The basket belongs to another shopper than this session’s.' };
  return Response.json(answer, { status: httpStatus[answer.status] });
}
