import path from 'node:path';
import type { NextConfig } from 'next/types';

// Nothing here calls home, at build time or later.
process.env.NEXT_TELEMETRY_DISABLED = '1';

const root = path.resolve(import.meta.dirname, '../..');
// The data folder is found from the checkout's root, which a bundle's own address does not tell.
process.env.DUET_ROOT ??= root;

/** Headers that never change. The content security policy carries a nonce per page, so it is set in src/proxy.ts. */
const securityHeaders = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Referrer-Policy', value: 'strict-origin-when-cross-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=(), payment=()' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
];

export default {
  poweredByHeader: false,
  transpilePackages: ['@duet/base', '@duet/client'],
  turbopack: { root },
  outputFileTracingRoot: root,
  // `npm test` runs tsc over the whole monorepo, so a second check here would only slow the build down.
  typescript: { ignoreBuildErrors: true },
  // A build happens once for each checkout: writing a cache for a second one costs more than it saves.
  experimental: { turbopackFileSystemCacheForBuild: false },
  headers: async () => [{ source: '/:path*', headers: securityHeaders }],
} satisfies NextConfig;
