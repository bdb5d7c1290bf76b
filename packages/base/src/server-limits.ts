import type { Server } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';

/** Limit for a request to arrive whole, headers and body: slow senders must not hold connections. */
export const arrivalMs = 10_000;

/**
 * A network that one sender has: an IPv4 address, or the first half of an IPv6 one, in which whoever has an address has
 * them all.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

/**
 * Bounds the connections that a server holds: `most` of them all, and half of that from one network. Requests whose
 * headers do not arrive in ten seconds, or that do not arrive whole in `wholeMs`, are cut off.
 */
export function limitConnections(server: Server, most: number, wholeMs: number = arrivalMs): void {
  const held = new Map<string, number>();
  server.maxConnections = most;
  server.headersTimeout = arrivalMs;
  server.requestTimeout = wholeMs;
  server.on('connection', (socket: Socket) => {
    const network = networkOf(socket.remoteAddress ?? '');
    const count = (held.get(network) ?? 0) + 1;
    held.set(network, count);
    socket.once('close', () => {
      const left = held.get(network)! - 1;
      if (left === 0) held.delete(network);
      else held.set(network, left);
    });
    if (count > Math.ceil(most / 2)) socket.destroy();
  });
}

/**
 * Whether an address is of a proxy whose word on its callers counts.
 *
 * @param setting `DUET_TRUSTED_PROXIES`: addresses and networks, comma separated: 127.0.0.1,10.0.0.0/8
 */
export function trustedProxies(setting: string): (address: string) => boolean {
  const list = new BlockList();
  for (const one of setting.split(',').map((text) => text.trim())) {
    const [address = '', bits] = one.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  };
}

/**
 * The address that a request came from: the last one in `X-Forwarded-For` that no trusted proxy has, read from the end,
 * which a caller cannot write.
 */
export function callerAddress(
  socket: Pick<Socket, 'remoteAddress'>,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  const hops = (forwardedFor ?? '').split(',').map((hop) => hop.trim());
  let address = socket.remoteAddress ?? '';
  while (isTrusted(address)) {
    const before = hops.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return address;
}
