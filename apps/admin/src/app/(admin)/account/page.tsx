import { listSessions, meaningOf, passwordRule } from '@duet/db/people';
import type { Metadata } from 'next/types';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { SessionsTable } from '#components/people/sessions-table.tsx';
import { database, signedIn } from '#data/services.ts';
import { end } from './actions.ts';
import { NameForm, PasswordForm } from './forms.tsx';
import { SecondFactor } from './second-factor.tsx';

export const metadata: Metadata = { title: 'Your account' };

export default async function AccountPage() {
  const [db, person] = [await database(), await signedIn()];
  const [sessions, account] = await Promise.all([
    listSessions(db, person.id),
    db.prisma.account.findUniqueOrThrow({
      where: { id: person.id },
      select: { passwordHash: true, totpSince: true, recoveryHashes: true, oidcSubject: true },
    }),
  ]);
  const { role } = person;
  return (
    <>
      <PageHeader title="Your account" summary={`Your role is ${role}: you may ${meaningOf(role)}.`} />
      <div className="space-y-6">
        <div className="grid items-start gap-6 lg:grid-cols-2">
          <Section title="Name and e-mail">
            <NameForm name={person.name} email={person.email} />
          </Section>
          <Section title="Password" note={account.oidcSubject !== null && 'You also log in by your provider.'}>
            <PasswordForm rule={passwordRule} hasOne={account.passwordHash !== null} />
          </Section>
        </div>
        <Section title="Second factor">
          <SecondFactor isOn={account.totpSince !== null} left={account.recoveryHashes.length} />
        </Section>
        <Section title="Sessions" note="Where you are logged in, and were in the last month." flush>
          <SessionsTable sessions={sessions} ownSession={person.session} end={end} ofOne />
        </Section>
      </div>
    </>
  );
}
