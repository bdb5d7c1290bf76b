import type { NextConfig } from 'next/types';

// Nothing here calls home, at build time or later.
process.env.NEXT_TELEMETRY_DISABLED = '1';

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
  // In Duet's own repository these are sources.
  transpilePackages: ['@duet/client', '@duet/react'],
  // The types are checked by `npm run typecheck`.
  typescript: { ignoreBuildErrors: true },
  // A build happens once for each checkout: writing a cache for a second one costs more than it saves.
  experimental: { turbopackFileSystemCacheForBuild: false },
  headers: async () => [{ source: '/:path*', headers: securityHeaders }],
} satisfies NextConfig;
