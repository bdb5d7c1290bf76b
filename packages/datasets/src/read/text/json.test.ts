import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { previewImport } from '../../import.ts';
import { envelopeOf } from './json-envelope.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'duet-json-'));
});
after(() => rm(folder, { recursive: true }));

async function read(name: string, content: string) {
  const interactions = path.join(folder, name);
  await writeFile(interactions, content);
  const { rows, users, items, rejected, mapping, preview } = await previewImport({}, { name: 'x', interactions });
  return { counts: [rows, users, items, rejected], within: mapping.interactions?.within, preview };
}

const record = (n: number) => ({
  user_id: `u${n % 7}`,
  item_id: `i${n % 5}`,
  timestamp: 1_700_000_000 + n,
  note: 'ü]}',
});
const records = (count: number) => Array.from({ length: count }, (_, n) => record(n));

describe('records in JSON', () => {
  test('are found within one object around all of them, however it is written and named', async () => {
    const paging = { next: 'https://x.example/?page=2', count: 20, page: { size: 20 } };
    const wrapped = {
      'orders.json': { orders: records(20) },
      'paged.json': { ...paging, data: { items: records(20) } },
      'after.json': { things: records(20), total: 20, meta: { took: 3 } },
      'large.json': { export: { name: 'x', lines: records(2000) }, more: [] },
    };
    for (const [name, object] of Object.entries(wrapped)) {
      const count = name === 'large.json' ? 2000 : 20;
      for (const space of [undefined, 2]) {
        const { counts, within } = await read(name, JSON.stringify(object, null, space));
        assert.deepEqual(counts, [count, 7, 5, 0], name);
        assert.notEqual(within, undefined);
      }
    }
  });

  test('are objects one after the other, pretty-printed or not, and an array of them', async () => {
    const all = records(20);
    for (const [name, text] of Object.entries({
      'pretty.json': all.map((one) => JSON.stringify(one, null, 2)).join('\n'),
      'run-on.json': all.map((one) => JSON.stringify(one)).join(''),
      'lines.jsonl': all.map((one) => JSON.stringify(one)).join('\r\n'),
      'array.json': `\ufeff${JSON.stringify(all, null, '\t')}`,
    })) {
      const { counts, within } = await read(name, text);
      assert.deepEqual([...counts, within], [20, 7, 5, 0, undefined], name);
    }
  });

  test('that are cut off are told as rejected, with those before them used', async () => {
    const text = JSON.stringify({ orders: records(20) });
    assert.deepEqual((await read('cut.json', text.slice(0, -30))).counts, [19, 7, 5, 1]);
    assert.deepEqual((await read('unclosed.json', text.slice(0, -2))).counts, [20, 7, 5, 1]);
  });

  test('with arrays of their own are no envelopes', () => {
    const order = { id: 1, email: 'a@x.example', items: [{ sku: 'a' }, { sku: 'b' }] };
    assert.equal(envelopeOf(JSON.stringify(order)), undefined);
    assert.equal(envelopeOf(`${JSON.stringify(order, null, 2)}\n${JSON.stringify(order)}`), undefined);
    assert.equal(envelopeOf('[{"orders": [{"a": 1}]}]'), undefined);
    assert.deepEqual(envelopeOf(JSON.stringify({ data: { list: [order] } }))?.path, ['data', 'list']);
  });
});

test('lines may end with carriage returns alone', async () => {
  const text = records(20).map(({ user_id, item_id, timestamp }) => `${user_id},${item_id},${timestamp}`);
  const { counts, preview } = await read('classic.csv', ['user_id,item_id,timestamp', ...text, ''].join('\r'));
  assert.deepEqual(counts, [20, 7, 5, 0]);
  assert.equal(preview.interactions[0]!.item, 'i0');
});
