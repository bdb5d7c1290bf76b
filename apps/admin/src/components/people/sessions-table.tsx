import type { ListedSession } from '@duet/db/people';
import { Confirm } from '#components/forms/confirm.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { Badge } from '#components/states/badge.tsx';
import { formatAgo } from '#format.ts';

interface SessionsTableProps {
  sessions: readonly ListedSession[];
  /** The one that this page is asked for in. */
  ownSession: string;
  /** Ends one, by its `id`. */
  end: (before: string | undefined, data: FormData) => Promise<string>;
  /** Leaves out whose they are. */
  ofOne?: boolean;
}

const browsers = [
  ['Edg/', 'Edge'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const;
const systems = ['Windows', 'Android', 'iPhone', 'iPad', 'Mac OS X', 'Linux'] as const;

/** A browser as people call it, where its User-Agent is one of those. */
function browserName(agent: string): string {
  const browser = browsers.find(([mark]) => agent.includes(mark))?.[1];
  const system = systems.find((name) => agent.includes(name));
  return browser === undefined ? agent || 'unknown' : [browser, ...(system ? [system] : [])].join(' on ');
}

/** Log-ins of the last month: where they came from, and those that are open to be ended. */
export function SessionsTable({ sessions, ownSession, end, ofOne = false }: SessionsTableProps) {
  const now = new Date();
  const isOpen = ({ endedAt, expiresAt }: ListedSession) => endedAt === null && expiresAt > now;
  const browser = { className: 'whitespace-nowrap', cell: (session: ListedSession) => browserName(session.browser) };
  return (
    <DataTable
      caption="Log-ins"
      rows={sessions}
      rowKey={({ id }) => id}
      rowClassName={(session) => (isOpen(session) ? '' : 'text-muted')}
      empty="There is none yet."
      columns={[
        !ofOne && {
          title: 'Who',
          rowHeader: true,
          className: 'max-w-60 font-medium [overflow-wrap:anywhere]',
          cell: ({ account }) => account.name,
        },
        { title: 'Browser', rowHeader: ofOne, ...browser },
        { title: 'From', className: 'font-mono text-sm', cell: ({ address }) => address },
        { title: 'Logged in', className: 'whitespace-nowrap', cell: ({ createdAt }) => formatAgo(createdAt, now) },
        { title: 'Last seen', className: 'whitespace-nowrap', cell: ({ lastSeenAt }) => formatAgo(lastSeenAt, now) },
        {
          title: 'State',
          cell: (session) =>
            session.id === ownSession ? (
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
            session.id !== ownSession &&
            isOpen(session) && (
              <Confirm
                label="Log out"
                about={`${session.account.name}, ${browserName(session.browser)}`}
                busy="Logging out…"
                title={`Log ${session.account.name} out?`}
                action={end}
                fields={{ id: session.id }}
                quiet
              >
                <p>That browser has to log in again.</p>
              </Confirm>
            ),
        },
      ]}
    />
  );
}
