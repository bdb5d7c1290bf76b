import { addresses, expect, query, secretOf, test } from './fixtures.ts';

const retrieve = (headers: Record<string, string>) =>
  fetch(`${addresses().retrieval}/trpc/retrieve?input=${encodeURIComponent('{"userId":"17850"}')}`, { headers });

test('the retrieval service refuses a request without a key, and one with a wrong key', async () => {
  expect((await retrieve({})).status).toBe(401);
  expect((await retrieve({ authorization: 'Bearer duet_no-such-key' })).status).toBe(401);
});

test("a storefront's key does not open what is the admin's", async () => {
  const health = await (
    await fetch(`${addresses().retrieval}/health`, { headers: { authorization: `Bearer ${secretOf('admin-api')}` } })
  ).json();
  const input = { userId: '17850', modelId: health.models[0].id };
  const url = `${addresses().retrieval}/trpc/retrieve?input=${encodeURIComponent(JSON.stringify(input))}`;
  const refused = await fetch(url, { headers: { authorization: `Bearer ${secretOf('storefront-api')}` } });
  expect(refused.status).toBe(403);
  const { items } = await query<{ items: unknown[] }>('retrieve', input, secretOf('admin-api'));
  expect(items).toHaveLength(20);
});
