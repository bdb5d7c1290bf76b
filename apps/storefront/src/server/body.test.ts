import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody } from './body.ts';
import { orderRequest } from './requests.ts';

const order = {
  orderId: '01936b2e-6f0a-7c3e-8a1b-2f3d4c5b6a79',
  placedAt: '2026-11-24T12:00:00.000Z',
  userId: '17850',
  shownTotalMinor: 255,
  lines: [{ eventId: '01936b2e-6f0a-7c3e-8a1b-2f3d4c5b6a79', itemId: '85123A', quantity: 1 }],
};

const post = (body: unknown, headers: Record<string, string> = {}) =>
  new Request('http://shop.test/api/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function refusal(request: Request): Promise<[status: number, message: string]> {
  const parsed = await parseBody(request, orderRequest);
  assert(!parsed.ok);
  return [parsed.response.status, ((await parsed.response.json()) as { message: string }).message];
}

test('an order is taken as it is', async () => {
  assert.deepEqual(await parseBody(post(order), orderRequest), { ok: true, value: order });
});

test('a body is read to its limit and no further, whatever length it claims', async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 16_384;
      controller.enqueue(new Uint8Array(16_384).fill(0x20));
    },
  });
  const request = new Request('http://shop.test/api/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '10' },
    body: endless,
    duplex: 'half',
  } as RequestInit);
  assert.equal((await refusal(request))[0], 413);
  assert(sent <= 8 * 16_384, `${sent} bytes were read`);
});

test('another site’s page, another content type and what is not JSON are refused', async () => {
  assert.equal((await refusal(post(order, { 'sec-fetch-site': 'cross-site' })))[0], 403);
  assert.equal((await refusal(post(order, { 'content-type': 'text/plain' })))[0], 415);
  assert.equal((await refusal(post('{"lines": [')))[0], 400);
});

test('an order names items and quantities, never prices', async () => {
  const [line] = order.lines;
  const [status, message] = await refusal(post({ ...order, lines: [{ ...line, priceMinor: 1 }] }));
  assert.equal(status, 400);
  assert.match(message, /^lines\.0: .*priceMinor/);
  assert.equal((await refusal(post({ ...order, lines: [{ ...line, quantity: 0 }] })))[0], 400);
});
