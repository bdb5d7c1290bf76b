import Link from 'next/link';
import { Notice } from '#components/notice.tsx';

export default function NotFound() {
  return (
    <main className="mx-auto max-w-2xl px-6 py-24">
      <Notice title="There is nothing at this address.">
        It may have been deleted, or the link is incomplete.{' '}
        <Link href="/" className="link">
          Go to the overview
        </Link>
        .
      </Notice>
    </main>
  );
}
