import type { Metadata } from 'next/types';
import { BasketCompanions } from '../../components/basket-companions.tsx';
import { BasketContents } from '../../components/basket-contents.tsx';

export const metadata: Metadata = { title: 'Your basket' };

export default function BasketPage() {
  return (
    <>
      <h1 className="page-title">Your basket</h1>
      <BasketContents />
      <BasketCompanions />
    </>
  );
}
