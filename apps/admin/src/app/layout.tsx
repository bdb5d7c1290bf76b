import { connection } from 'next/server';
import type { Metadata, Viewport } from 'next/types';
import type { ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Duet', template: '%s · Duet' },
  description: 'Models, indexes, experiments and data of this shop’s recommendations.',
  robots: { index: false, follow: false },
};

export const viewport: Viewport = { colorScheme: 'light dark' };

export default async function RootLayout({ children }: { children: ReactNode }) {
  // Every page carries the nonce of its request, so none can be made ahead of it.
  await connection();
  return (
    <html lang="en">
      <body className="min-h-dvh antialiased">{children}</body>
    </html>
  );
}
