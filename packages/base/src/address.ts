/**
 * A URL that reaches, from this machine, what listens on `host`: the loopback address where that is every address, and
 * brackets around an IPv6 one (RFC 3986, 3.2.2).
 */
export function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
