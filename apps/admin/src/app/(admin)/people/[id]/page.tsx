import { listSessions, roles } from '@duet/db/people';
import type { Metadata } from 'next/types';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { AccountState } from '#components/people/account-state.tsx';
import { ChangesTable } from '#components/people/changes-table.tsx';
import { SessionsTable } from '#components/people/sessions-table.tsx';
import { accountOf, changesBy } from '#data/people.ts';
import { database, signedIn } from '#data/services.ts';
import { end } from '../../sessions/actions.ts';
import { EndButtons, LinkForm, RoleForm } from './forms.tsx';

interface PersonProps {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: PersonProps): Promise<Metadata> {
  return { title: (await accountOf(params)).name };
}

export default async function PersonPage({ params }: PersonProps) {
  const account = await accountOf(params);
  const [sessions, changes, ownSession] = await Promise.all([
    listSessions(await database(), account.id),
    changesBy({ accountId: account.id }),
    signedIn(),
  ]);
  return (
    <>
      <PageHeader title={account.name} summary={account.email} actions={<AccountState state={account.state} />} />
      <div className="space-y-6">
        <div className="grid gap-6 lg:grid-cols-2">
          <Section title="What they may do">
            <RoleForm account={account} roles={Object.keys(roles)} />
          </Section>
          <Section title={account.state === 'invited' ? 'Invitation' : 'Password'}>
            <LinkForm id={account.id} isInvited={account.state === 'invited'} />
          </Section>
        </div>
        <Section title="Access" note={account.secondFactor ? 'They give a code beside their password.' : undefined}>
          <EndButtons account={account} />
        </Section>
        <Section title="Sessions" flush>
          <SessionsTable sessions={sessions} ownSession={ownSession.session} end={end} ofOne />
        </Section>
        <Section title="Changes" note="The newest 50 that they made." flush>
          <ChangesTable changes={changes} ofOne />
        </Section>
      </div>
    </>
  );
}
