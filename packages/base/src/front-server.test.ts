import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { serveWeb } from './front-server.ts';

test('an app is told who sent a request and how, by the proxies that are configured and nobody else', async () => {
  const seen = async (trustedProxies: string, headers: Record<string, string>) => {
    const server = await serveWeb(
      { host: '127.0.0.1', maxConnections: 10, trustedProxies },
      0,
      async (request, response) => {
        response.end(JSON.stringify(request.headers));
      },
    );
    try {
      const { port } = server.address() as AddressInfo;
      const answer = await new Promise<http.IncomingMessage>((resolve) =>
        http.get({ host: '127.0.0.1', port, headers, agent: false }, resolve),
      );
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      const received = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
      const [by, proto, host] = ['for', 'proto', 'host'].map((name) => received[`x-forwarded-${name}`]);
      return { by, proto, host, hsts: answer.headers['strict-transport-security'] };
    } finally {
      server.close();
    }
  };
  const forged = {
    host: 'admin.example',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
  };
  assert.deepEqual(await seen('', forged), { by: '127.0.0.1', proto: 'http', host: 'admin.example', hsts: undefined });
  assert.deepEqual(await seen('127.0.0.1', { ...forged, 'x-forwarded-host': 'duet.example' }), {
    ...{ by: '1.2.3.4', proto: 'https', host: 'duet.example', hsts: 'max-age=31536000' },
  });
});

test('a body that drips is cut, and one that comes slowly is taken', async () => {
  const server = await serveWeb(
    { host: '127.0.0.1', maxConnections: 10, trustedProxies: '' },
    0,
    async (request, response) => {
      let bytes = 0;
      for await (const chunk of request) bytes += (chunk as Buffer).length;
      response.end(String(bytes));
    },
  );
  const { port } = server.address() as AddressInfo;
  const send = (everyMs: number, bytes: number, length: number) =>
    new Promise<number | undefined>((resolve) => {
      const options = { host: '127.0.0.1', port, method: 'POST', headers: { 'content-length': length }, agent: false };
      const request = http.request(options, ({ statusCode }) => resolve(statusCode));
      let sent = 0;
      const drip = setInterval(() => {
        request.write(Buffer.alloc(Math.min(bytes, length - sent)));
        sent += Math.min(bytes, length - sent);
        if (sent === length) clearInterval(drip);
      }, everyMs);
      request.on('error', () => {
        clearInterval(drip);
        resolve(undefined);
      });
    });
  const answers = await Promise.all([send(200, 1, 1_000), send(200, 1_000, 50_000)]);
  assert.deepEqual(answers, [undefined, 200]);
  server.closeAllConnections();
  server.close();
});

test('a body that is too large is refused before the app reads it', async () => {
  const server = await serveWeb(
    { host: '127.0.0.1', maxConnections: 10, trustedProxies: '' },
    0,
    async (_, response) => {
      response.end();
    },
  );
  const { port } = server.address() as AddressInfo;
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = http.request({
      host: '127.0.0.1',
      port,
      method: 'POST',
      headers: { 'content-length': 33 * 2 ** 20 },
    });
    request.on('response', resolve).on('error', reject);
    request.flushHeaders();
  });
  assert.equal(answer.statusCode, 413);
  answer.destroy();
  server.closeAllConnections();
  server.close();
});
