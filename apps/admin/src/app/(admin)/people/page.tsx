import { type ListedAccount, listAccounts, meaningOf, roles } from '@duet/db/people';
import Link from 'next/link';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { AccountState } from '#components/people/account-state.tsx';
import { config, database, signedIn } from '#data/services.ts';
import { formatAgo } from '#format.ts';
import { InviteForm, type RoleMeanings } from './invite.tsx';

export const metadata: Metadata = { title: 'People' };

const names = Object.keys(roles) as ListedAccount['role'][];
const meanings = Object.fromEntries(names.map((role) => [role, meaningOf(role)])) as RoleMeanings;

export default async function PeoplePage() {
  const [people, me] = [await listAccounts(await database()), await signedIn()];
  const { oidcIssuer } = config();
  const now = new Date();
  return (
    <>
      <PageHeader title="People" summary="Who may use the admin, and what each of them may do." />
      <div className="space-y-6">
        <Section title="People" flush>
          <DataTable
            caption="People"
            rows={people}
            rowKey={({ id }) => id}
            rowClassName={({ state }) => (state === 'disabled' ? 'text-muted' : '')}
            columns={[
              {
                title: 'Name',
                rowHeader: true,
                className: 'max-w-72 font-medium [overflow-wrap:anywhere]',
                cell: ({ id, name, email }) => (
                  <>
                    <Link href={`/people/${id}`} className="link">
                      {name}
                    </Link>
                    {id === me.id && <span className="font-normal text-muted"> (you)</span>}
                    <span className="block text-sm font-normal text-muted">{email}</span>
                  </>
                ),
              },
              { title: 'Role', cell: ({ role }) => role },
              { title: 'State', cell: ({ state }) => <AccountState state={state} /> },
              {
                title: 'Logs in by',
                className: 'whitespace-nowrap',
                cell: ({ byOidc, secondFactor, state }) =>
                  state === 'invited' ? '–' : byOidc ? 'provider' : secondFactor ? 'password and code' : 'password',
              },
              {
                title: 'Last seen',
                className: 'whitespace-nowrap',
                cell: ({ lastSeenAt }) => (lastSeenAt ? formatAgo(lastSeenAt, now) : 'never'),
              },
              { title: 'API keys', hint: 'That they made and that work', numeric: true, cell: ({ keys }) => keys },
            ]}
          />
        </Section>
        <Section
          title="Invite somebody"
          note={
            oidcIssuer === undefined
              ? 'You get a link to give them, by which they choose a password.'
              : 'You get a link to give them; or they log in by the provider with this e-mail.'
          }
        >
          <InviteForm meanings={meanings} />
        </Section>
        <Section title="Roles" flush>
          <DataTable
            caption="Roles"
            rows={names}
            rowKey={(role) => role}
            columns={[
              { title: 'Role', rowHeader: true, className: 'min-w-32 font-medium', cell: (role) => role },
              { title: 'May', headClassName: 'w-full', cell: (role) => meanings[role] },
            ]}
          />
        </Section>
      </div>
    </>
  );
}
