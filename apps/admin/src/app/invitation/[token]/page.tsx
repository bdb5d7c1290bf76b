import type { Metadata } from 'next/types';
import { PageOfLink } from '../../join/page-of-link.tsx';

export const metadata: Metadata = { title: 'Invitation' };

export default function InvitationPage({ params }: { params: Promise<{ token: string }> }) {
  return <PageOfLink kind="invitation" params={params} />;
}
