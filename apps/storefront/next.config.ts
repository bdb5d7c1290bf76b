import path from 'node:path';
import type { NextConfig } from 'next';

// Nothing here calls home, at build time or later.
process.env.NEXT_TELEMETRY_DISABLED = '1';

const root = path.resolve(import.meta.dirname, '../..');

/** Headers that never change. The content security policy carries a nonce per page, so it is set in src/proxy.ts. */
const securityHeaders = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Referrer-Policy', value: 'strict-origin-when-cross-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=(), payment=()' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
];

const config: NextConfig = {
  poweredByHeader: false,
  transpilePackages: ['@duet/api', '@duet/config'],
  turbopack: { root },
  outputFileTracingRoot: root,
  // `npm test` runs tsc over the whole monorepo, so a second check here would only slow the build down.
  typescript: { ignoreBuildErrors: true },
  headers: async () => [{ source: '/:path*', headers: securityHeaders }],
};

export default config;
