import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { callerAddress, limitConnections, networkOf, trustedProxies } from './server-limits.ts';

test('a caller’s address is the last that no trusted proxy has, whatever the caller wrote before it', () => {
  const isTrusted = trustedProxies('10.0.0.0/8, ::1,fd00::/8');
  const from = (remoteAddress: string, forwardedFor?: string) =>
    callerAddress({ remoteAddress }, forwardedFor, isTrusted);
  assert.equal(from('203.0.113.7', '1.2.3.4'), '203.0.113.7', 'no proxy of ours');
  assert.equal(from('10.1.2.3', '1.2.3.4, 203.0.113.9'), '203.0.113.9');
  assert.equal(from('::ffff:10.1.2.3', '1.2.3.4, 203.0.113.9, 10.9.9.9'), '203.0.113.9');
  assert.equal(from('::1', 'nonsense'), '::1');
  assert.equal(from('fd00::5'), 'fd00::5');
  assert.equal(callerAddress({ remoteAddress: '10.0.0.1' }, '1.2.3.4', trustedProxies('')), '10.0.0.1');
});

test('an IPv6 caller is their network of 64 bits, and a mapped IPv4 one their address', () => {
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), networkOf('2001:db8:1:2:ffff::'));
  assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1');
});

test('one network holds half of the connections at most, and gets new ones as it lets go', async () => {
  const server = http.createServer((_, response) => response.end('ok'));
  limitConnections(server, 4);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const open = async () => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    const answered = once(socket, 'data').then(() => true);
    return { socket, answered: await Promise.race([answered, once(socket, 'close').then(() => false)]) };
  };
  const held = [await open(), await open()];
  assert.deepEqual(
    held.map(({ answered }) => answered),
    [true, true],
  );
  assert.equal((await open()).answered, false);
  held[0]!.socket.destroy();
  while (!(await open()).answered);
  server.closeAllConnections();
  server.close();
});
