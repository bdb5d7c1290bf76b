import type { Metadata } from 'next/types';
import { LastReceipt } from '../../components/last-receipt.tsx';

export const metadata: Metadata = { title: 'Thank you' };

export default function ThankYouPage() {
  return <LastReceipt />;
}
