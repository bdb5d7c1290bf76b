import type { AdminSession } from '@duet/db';
import type { Metadata } from 'next/types';
import { Confirm } from '#components/forms/confirm.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { Badge } from '#components/states/badge.tsx';
import { database, signedIn } from '#data/services.ts';
import { listSessions } from '#data/sessions.ts';
import { formatAgo } from '#format.ts';
import { end } from './actions.ts';

export const metadata: Metadata = { title: 'Sessions' };

export default async function SessionsPage() {
  const own = await signedIn();
  const sessions = await listSessions(await database());
  const now = new Date();
  const isOpen = ({ endedAt, expiresAt }: AdminSession) => endedAt === null && expiresAt > now;
  return (
    <>
      <PageHeader
        title="Sessions"
        summary="Who is logged in, and who was in the last month. A new password ends all at once."
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
              cell: ({ name }) => name,
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
                session.id === own.id ? (
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
                session.id !== own.id &&
                isOpen(session) && (
                  <Confirm
                    label="Log out"
                    about={session.name}
                    busy="Logging out…"
                    title={`Log ${session.name} out?`}
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
