/// <reference path="./s3rver.d.ts" />
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { DuetError } from '@duet/base';
import { AwsClient } from 'aws4fetch';
import S3rver from 's3rver';
import { previewImport } from '../../import.ts';
import type { ImportResources } from '../../reading.ts';
import type { ImportRequest } from '../../request.ts';

const fixtures = path.resolve(import.meta.dirname, '../../../fixtures');
const events = path.join(fixtures, 'cases/events.csv');

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'duet-containers-'));
});
after(() => rm(folder, { recursive: true }));

const write = async (name: string, content: string | Uint8Array): Promise<string> => {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
};
const read = async (interactions: string, ctx: ImportResources = {}, asked: Partial<ImportRequest> = {}) => {
  const { rows, users, items, rejected, clock } = await previewImport(ctx, { name: 'case', interactions, ...asked });
  return [rows, users, items, rejected, clock.first];
};
/** A zip archive of one file (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16). */
function zipOf(name: string, text: string): Buffer {
  const packed = deflateRawSync(text);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt32LE(crc32(text), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(Buffer.byteLength(text), 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]);
  const central = Buffer.concat([...[Buffer.from('PK\x01\x02\x14\0'), fields, Buffer.alloc(14), Buffer.from(name)]]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
const whole = [20, 5, 6, 0, '2023-11-14T22:13:20.000Z'];
const refused = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof DuetError && error.code === code && message.test(error.message)
    ? true
    : assert.fail(`not the ${code} expected: ${error}`);

describe('compressed files', () => {
  test('are read whatever they are called: xz, bzip2, zstd, gzip, and gzip twice', async () => {
    const plain = await readFile(events);
    const places = [
      path.join(fixtures, 'containers/events.csv.xz'),
      path.join(fixtures, 'containers/events.csv.bz2'),
      await write('events.zst', zstdCompressSync(plain)),
      await write('events.csv', gzipSync(plain)),
      await write('events.gz', gzipSync(gzipSync(plain))),
    ];
    for (const place of places) assert.deepEqual(await read(place), whole, place);
  });

  test('that are cut short are said to be damaged', async () => {
    for (const [name, bytes] of [
      ['cut.gz', gzipSync(await readFile(events))],
      ['cut.zst', zstdCompressSync(await readFile(events))],
      ['cut.xz', await readFile(path.join(fixtures, 'containers/events.csv.xz'))],
      ['cut.bz2', await readFile(path.join(fixtures, 'containers/events.csv.bz2'))],
    ] as const) {
      const file = await write(name, bytes.subarray(0, bytes.length - 20));
      await assert.rejects(read(file), refused('corrupt', /damaged or cut short/), name);
    }
  });

  test('are bounded by how much they grow, and by how much there is of them', async () => {
    const rows = `user_id,item_id\n${'ann,cup\n'.repeat(200_000)}`;
    const bomb = await write('bomb.csv.zst', zstdCompressSync(rows));
    await assert.rejects(read(bomb, { limits: { freely: 1 << 20 } }), refused('bad-input', /grows \d+ times/));
    assert.equal((await read(bomb))[0], 200_000);
    const zipped = await write('bomb.zip', zipOf('bomb.csv', rows));
    await assert.rejects(read(zipped, { limits: { freely: 1 << 20 } }), refused('bad-input', /grows \d+ times/));
    assert.equal((await read(zipped))[0], 200_000);
    await assert.rejects(read(events, { limits: { bytes: 100 } }), refused('bad-input', /more than 100 bytes/));
    await assert.rejects(read(events, { limits: { rows: 19 } }), refused('bad-input', /more than 19 rows/));
  });
});

test('a workbook is read by its first sheet or the one that is named, its dates as dates', async () => {
  const book = path.join(fixtures, 'containers/events.xlsx');
  assert.deepEqual(await read(book, {}, { sheet: 'Events' }), whole);
  await assert.rejects(read(book), refused('bad-input', /no column looks like the user's id; .* note/));
  await assert.rejects(read(book, {}, { sheet: 'Orders' }), refused('bad-input', /"Notes", "Events"/));
});

describe('web addresses', () => {
  let server: http.Server;
  let port: number;
  before(async () => {
    const body = gzipSync(await readFile(events));
    server = http.createServer((request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: `http://localhost:${port}/secret` }).end();
      else if (request.url === '/metadata') response.writeHead(302, { location: 'http://169.254.169.254/keys' }).end();
      else if (request.url === '/secret')
        response.writeHead(request.headers.authorization === 'Bearer s' ? 200 : 401).end(body);
      else if (request.url?.startsWith('/events')) response.end(body);
      else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  const at = (where: string, host = '127.0.0.1') => `http://${host}:${port}${where}`;
  const access = (hosts: string[], privateHosts: string[] = [], headers?: Record<string, string>) => ({
    remote: { hosts, privateHosts, headers },
  });

  test('are fetched from hosts that are listed; from private ones only where they are listed as such', async () => {
    const local = access([], ['127.0.0.1']);
    assert.deepEqual(await read(at('/events.csv.gz?token=secret'), local), whole);
    await assert.rejects(read(at('/events'), {}), refused('unauthorised', /DUET_IMPORT_HOSTS=127\.0\.0\.1/));
    await assert.rejects(read(at('/events'), access(['*'])), refused('unauthorised', /is a private address/));
    await assert.rejects(read(at('/events', 'localhost'), access(['*'])), refused('unauthorised', /private address/));
    await assert.rejects(read(at('/events', '[::ffff:127.0.0.1]'), access(['*'])), refused('unauthorised', /private/));
    await assert.rejects(
      read(at('/nothing?token=secret'), local),
      (error: Error) =>
        assert.doesNotMatch(error.message, /token/) === undefined && refused('not-found', /status 404/)(error),
    );
  });

  test('send what a host asks for to that host alone, and a redirect is checked as the first address', async () => {
    const bearer = { authorization: 'Bearer s' };
    assert.deepEqual(await read(at('/secret'), access([], ['127.0.0.1'], bearer)), whole);
    const both = access([], ['127.0.0.1', 'localhost'], bearer);
    await assert.rejects(read(at('/away'), both), refused('unauthorised', /status 401/));
    await assert.rejects(read(at('/away'), access([], ['127.0.0.1'])), refused('unauthorised', /localhost/));
    await assert.rejects(read(at('/metadata'), access(['*'], ['127.0.0.1'])), refused('unauthorised', /169\.254/));
  });
});

test('objects of S3 are read, alone or all below a prefix', async () => {
  const s3 = new S3rver({
    ...{ address: '127.0.0.1', port: 0, silent: true, directory: folder },
    configureBuckets: [{ name: 'shop', configs: [] }],
  });
  const { port } = (await s3.run()) as AddressInfo;
  try {
    const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
    const endpoint = `http://127.0.0.1:${port}`;
    const client = new AwsClient({ ...keys, region: 'us-east-1', service: 's3' });
    const [header, ...rows] = (await readFile(events, 'utf8')).trim().split('\n');
    for (const [key, part] of [
      ['days/1 & 2.csv', rows.slice(0, 12)],
      ['days/3.csv.gz', rows.slice(12)],
    ] as const) {
      const text = Buffer.from([header, ...part].join('\n'));
      const url = `${endpoint}/shop/${key.split('/').map(encodeURIComponent).join('/')}`;
      const put = await client.fetch(url, { method: 'PUT', body: key.endsWith('gz') ? gzipSync(text) : text });
      assert.equal(put.status, 200);
    }
    const remote = { hosts: [], privateHosts: ['127.0.0.1'], s3: { ...keys, endpoint, region: 'us-east-1' } };
    assert.deepEqual(await read('s3://shop/days/', { remote }), whole);
    assert.equal((await read('s3://shop/days/1 & 2.csv', { remote }))[0], 12);
    await assert.rejects(read('s3://shop/days/4.csv', { remote }), refused('not-found', /status 404/));
    const wrong = { ...remote, s3: { ...remote.s3, accessKeyId: 'wrong' } };
    await assert.rejects(read('s3://shop/days/', { remote: wrong }), refused('unauthorised', /status 403/));
    await assert.rejects(
      read('s3://shop/days/', { remote: { ...remote, s3: undefined } }),
      refused('unauthorised', /keys/),
    );
  } finally {
    await s3.close();
  }
});
