import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { maxUpload } from '@duet/datasets';
import { uploadServer } from './upload-server.ts';

const tus = { 'tus-resumable': '1.0.0' };
const piece = Buffer.from(new Uint8Array(randomBytes(8 * 2 ** 20)).buffer);

describe('an upload', () => {
  let directory: string;
  let server: http.Server;
  let port: number;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'duet-tus-'));
    const run = randomUUID();
    const uploads = await uploadServer(path.join(directory, 'uploads'), async () => run);
    server = http.createServer((request, response) => void uploads.handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  after(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });

  const call = (method: string, where: string, headers: Record<string, string>, body?: Buffer<ArrayBuffer>) =>
    fetch(new URL(where, `http://127.0.0.1:${port}`), {
      method,
      headers: { ...tus, ...headers },
      ...(body && { body }),
    });
  const begin = (length: number) => call('POST', '/api/uploads', { 'upload-length': String(length) });
  const offsetOf = async (at: string) => Number((await call('HEAD', at, {})).headers.get('upload-offset'));
  const patch = (offset: number) => ({
    'upload-offset': String(offset),
    'content-type': 'application/offset+octet-stream',
  });

  /** Sends half of a piece, and loses the connection. */
  async function cutOff(at: string, offset: number): Promise<void> {
    const headers = { ...tus, ...patch(offset), 'content-length': String(piece.length) };
    const request = http.request({ port, host: '127.0.0.1', path: at, method: 'PATCH', headers });
    request.on('error', () => {});
    const closed = new Promise((resolve) => request.on('close', resolve));
    request.write(piece.subarray(0, piece.length / 2), () => request.destroy());
    await closed;
  }

  test('that was cut off goes on where it was, and is streamed to the disk whatever its size', async () => {
    const pieces = 32;
    const at = (await begin(pieces * piece.length)).headers.get('location')!;
    let [settled, most] = [0, 0];
    let offset = 0;
    for (let n = 0; offset < pieces * piece.length; n++) {
      if (n === 3) {
        await cutOff(at, offset);
        const received = await offsetOf(at);
        assert.ok(received >= offset && received < offset + piece.length, `${received} of ${offset}`);
        offset = received;
      }
      const rest = piece.subarray(offset % piece.length);
      const { status, headers } = await call('PATCH', at, patch(offset), rest);
      assert.equal(status, 204);
      offset = Number(headers.get('upload-offset'));
      if (n === 8) settled = process.memoryUsage().rss;
      if (n > 8) most = Math.max(most, process.memoryUsage().rss - settled);
    }
    const [stored, sent] = [createHash('sha256'), createHash('sha256')];
    for await (const chunk of createReadStream(path.join(directory, 'uploads', path.basename(at))))
      stored.update(chunk);
    for (let n = 0; n < pieces; n++) sent.update(piece);
    assert.equal(stored.digest('hex'), sent.digest('hex'));
    // 192 MiB pass through once buffers have their size.
    assert.ok(most < 96 * 2 ** 20, `${most / 2 ** 20} MiB`);
  });

  test('has two gigabytes at most', async () => {
    assert.equal((await begin(maxUpload)).status, 201);
    assert.equal((await begin(maxUpload + 1)).status, 413);
  });
});
