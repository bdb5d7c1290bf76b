import { type ListedSession, listSessions } from '@duet/db/people';
import type { Metadata } from 'next/types';
import { Confirm } from '#components/forms/confirm.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { Badge } from '#components/states/badge.tsx';
import { database, signedIn } from '#data/services.ts';
import { formatAgo } from '#format.ts';
import { end } from './actions.ts';

export const metadata: Metadata = { title: 'Sessions' };

export default async function SessionsPage() {
  const own = await signedIn();
  const sessions = await listSessions(await database());
  const now = new Date();
  const isOpen = ({ endedAt, expiresAt }: ListedSession) => endedAt === null && expiresAt > now;
  return (
    <>
      <PageHeader
        title="Sessions"
        summary="Who is logged in, and who was in the last month. A new password ends all of its account."
      />
      <Section title="Log-ins" flush>
        <DataTable
          caption="Log-ins"
          rows={sessions}
          rowKey={({ id }) => id}
          rowClassName={(session) => (isOpen(session) ? '' : 'text-muted')}
          empty="There is none yet."
          columns={[
            {
              title: 'Name',
              rowHeader: true,
              className: 'max-w-60 font-medium [overflow-wrap:anywhere]',
              cell: ({ account }) => account.name,
            },
            { title: 'From', className: 'font-mono text-sm', cell: ({ address }) => address },
            {
              title: 'Browser',
              className: 'max-w-80 text-sm [overflow-wrap:anywhere]',
              cell: ({ browser }) => browser,
            },
            { title: 'Logged in', className: 'whitespace-nowrap', cell: ({ createdAt }) => formatAgo(createdAt, now) },
            {
              title: 'Last seen',
              className: 'whitespace-nowrap',
              cell: ({ lastSeenAt }) => formatAgo(lastSeenAt, now),
            },
            {
              title: 'State',
              cell: (session) =>
                session.id === own.session ? (
                  <Badge tone="good">this one</Badge>
                ) : isOpen(session) ? (
                  <Badge tone="good">logged in</Badge>
                ) : (
                  <Badge tone="quiet">{session.endedAt === null ? 'expired' : 'ended'}</Badge>
                ),
            },
            {
              title: 'Action',
              hideTitle: true,
              numeric: true,
              cell: (session) =>
                session.id !== own.session &&
                isOpen(session) && (
                  <Confirm
                    label="Log out"
                    about={session.account.name}
                    busy="Logging out…"
                    title={`Log ${session.account.name} out?`}
                    action={end}
                    fields={{ id: session.id }}
                    quiet
                  >
                    <p>That browser has to give the password again.</p>
                  </Confirm>
                ),
            },
          ]}
        />
      </Section>
    </>
  );
}
