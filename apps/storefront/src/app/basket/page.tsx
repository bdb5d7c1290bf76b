import type { Metadata } from 'next/types';
import { BasketContents } from '../../components/basket-contents.tsx';

export const metadata: Metadata = { title: 'Your basket' };

export default function BasketPage() {
  return (
    <>
      <h1 className="mb-6 font-bold text-3xl sm:text-4xl">Your basket</h1>
      <BasketContents />
    </>
  );
}
