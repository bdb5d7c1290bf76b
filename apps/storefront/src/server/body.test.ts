import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody } from './body.ts';
import { eventBatch, orderRequest } from './requests.ts';

const impression = {
  eventId: '01936b2e-6f0a-7c3e-8a1b-2f3d4c5b6a79',
  type: 'impression',
  occurredAt: '2026-11-24T12:00:00.000Z',
  userId: '17850',
  itemId: '85123A',
  placement: 'home',
  position: 0,
};

const post = (body: unknown, headers: Record<string, string> = {}) =>
  new Request('http://shop.test/api/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function refusal(request: Request): Promise<[status: number, message: string]> {
  const parsed = await parseBody(request, eventBatch);
  assert(!parsed.ok);
  return [parsed.response.status, ((await parsed.response.json()) as { message: string }).message];
}

test('a batch of what shoppers do is taken as it is', async () => {
  const parsed = await parseBody(post({ events: [impression] }), eventBatch);
  assert.deepEqual(parsed, { ok: true, value: { events: [impression] } });
});

test('a browser cannot log an order, a value or anything else that is not its to say', async () => {
  assert.deepEqual((await refusal(post({ events: [{ ...impression, type: 'order' }] })))[0], 400);
  const [status, message] = await refusal(post({ events: [{ ...impression, valueMinor: 1_000_000 }] }));
  assert.equal(status, 400);
  assert.match(message, /^events\.0: .*valueMinor/);
});

test('a body is read to its limit and no further, whatever length it claims', async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 16_384;
      controller.enqueue(new Uint8Array(16_384).fill(0x20));
    },
  });
  const request = new Request('http://shop.test/api/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '10' },
    body: endless,
    duplex: 'half',
  } as RequestInit);
  assert.equal((await refusal(request))[0], 413);
  assert(sent <= 8 * 16_384, `${sent} bytes were read`);
});

test('another site’s page, another content type and what is not JSON are refused', async () => {
  assert.equal((await refusal(post({ events: [impression] }, { 'sec-fetch-site': 'cross-site' })))[0], 403);
  assert.equal((await refusal(post({ events: [impression] }, { 'content-type': 'text/plain' })))[0], 415);
  assert.equal((await refusal(post('{"events": [')))[0], 400);
});

test('an order names items and quantities, never prices', () => {
  const order = {
    orderId: impression.eventId,
    placedAt: impression.occurredAt,
    userId: '17850',
    shownTotalMinor: 255,
    lines: [{ eventId: impression.eventId, itemId: '85123A', quantity: 1 }],
  };
  assert(orderRequest.safeParse(order).success);
  const priced = { ...order, lines: [{ ...order.lines[0], priceMinor: 1 }] };
  assert(!orderRequest.safeParse(priced).success);
  assert(!orderRequest.safeParse({ ...order, lines: [{ ...order.lines[0], quantity: 0 }] }).success);
});
