import { listSessions } from '@duet/db/people';
import type { Metadata } from 'next/types';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { SessionsTable } from '#components/people/sessions-table.tsx';
import { database, signedIn } from '#data/services.ts';
import { end } from './actions.ts';

export const metadata: Metadata = { title: 'Sessions' };

export default async function SessionsPage() {
  const sessions = await listSessions(await database());
  return (
    <>
      <PageHeader
        title="Sessions"
        summary="Who is logged in, and who was in the last month. A new password or role ends those of its account."
      />
      <Section title="Log-ins" flush>
        <SessionsTable sessions={sessions} ownSession={(await signedIn()).session} end={end} />
      </Section>
    </>
  );
}
