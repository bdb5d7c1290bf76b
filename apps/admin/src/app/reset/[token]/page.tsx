import type { Metadata } from 'next/types';
import { PageOfLink } from '../../join/page-of-link.tsx';

export const metadata: Metadata = { title: 'New password' };

export default function ResetPage({ params }: { params: Promise<{ token: string }> }) {
  return <PageOfLink kind="reset" params={params} />;
}
