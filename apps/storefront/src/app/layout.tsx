import Link from 'next/link';
import type { Metadata, Viewport } from 'next/types';
import type { ReactNode } from 'react';
import { BehindTheScenes } from '../components/behind-the-scenes.tsx';
import { Header } from '../components/header.tsx';
import { ShopperProvider } from '../components/shopper.tsx';
import { pageShopper, signedShopper } from '../server/session.ts';
import { settings } from '../server/settings.ts';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Duet Gift Shop', template: '%s · Duet Gift Shop' },
  description: 'An example shop whose recommendations come from Duet.',
};

export const viewport: Viewport = {
  colorScheme: 'light dark',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#fbf8f3' },
    { media: '(prefers-color-scheme: dark)', color: '#171312' },
  ],
};

export default async function Layout({ children }: { children: ReactNode }) {
  const userId = await pageShopper();
  const { publicUrl, publishableKey } = settings();
  const duet = { url: publicUrl, apiKey: publishableKey };
  return (
    <html lang="en-GB">
      <body className="flex min-h-dvh flex-col antialiased">
        <a href="#main" className="button absolute top-2 left-2 z-50 -translate-y-24 focus:translate-y-0">
          Skip to the content
        </a>
        <ShopperProvider userId={userId} visitor={await signedShopper(userId)} duet={duet}>
          <Header userId={userId} />
          <main id="main" className="mx-auto w-full max-w-6xl flex-1 px-4 py-8 sm:px-6">
            {children}
          </main>
          <footer className="mt-8 border-line border-t">
            <div className="mx-auto flex max-w-6xl flex-col gap-1 px-4 pt-6 pb-24 text-quiet text-sm sm:px-6">
              <p>
                An example shop: nothing here is really sold. Its recommendations come from Duet, and what you see,
                click and buy goes back to it.{' '}
                <Link href="/shoppers" className="underline">
                  Shop as a known customer
                </Link>
              </p>
              <p>
                Products and customers: D. Chen, <cite>Online Retail</cite>, UCI Machine Learning Repository, 2015,{' '}
                <a href="https://doi.org/10.24432/C5BW33" className="underline">
                  doi:10.24432/C5BW33
                </a>
                , CC BY 4.0. The pictures are drawn from each product’s title.
              </p>
            </div>
          </footer>
          <BehindTheScenes />
        </ShopperProvider>
      </body>
    </html>
  );
}
