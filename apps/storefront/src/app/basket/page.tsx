import { redirect } from 'next/navigation';
import type { Metadata } from 'next/types';
import { BasketContents } from '../../components/basket-contents.tsx';
import { currentShopper } from '../../server/session.ts';

export const metadata: Metadata = { title: 'Your basket' };

export default async function BasketPage() {
  if ((await currentShopper()) === undefined) redirect('/shoppers');
  return (
    <>
      <h1 className="mb-6 font-bold text-3xl sm:text-4xl">Your basket</h1>
      <BasketContents />
    </>
  );
}
