import Link from 'next/link';
import type { Metadata } from 'next/types';
import { PageHeader } from '#components/layout/page-header.tsx';

export const metadata: Metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <>
      <PageHeader
        title="There is nothing at this address"
        summary="It may have been deleted, or the link is incomplete."
      />
      <Link href="/" className="button">
        Go to the overview
      </Link>
    </>
  );
}
