import { linkOf, meaningOf, passwordRule } from '@duet/db/people';
import Link from 'next/link';
import { Doorstep } from '#components/layout/doorstep.tsx';
import { openedDatabase } from '#data/services.ts';
import { JoinForm } from './form.tsx';

interface PageOfLinkProps {
  kind: 'invitation' | 'reset';
  params: Promise<{ token: string }>;
}

/** Where a link leads: to a form, while it works. */
export async function PageOfLink({ kind, params }: PageOfLinkProps) {
  const { token } = await params;
  const account = await linkOf(await openedDatabase(), kind, token);
  if (account === undefined) {
    return (
      <Doorstep title="This link works no longer">
        <p className="mb-5">
          It was used, another one was made after it, or it is too old. Ask an admin for another one, or log in if you
          have a password.
        </p>
        <Link href="/login" className="button">
          Log in
        </Link>
      </Doorstep>
    );
  }
  return (
    <Doorstep
      title={kind === 'invitation' ? 'Welcome to Duet' : 'Choose a new password'}
      note={kind === 'invitation' && `As ${account.role} you may ${meaningOf(account.role)}.`}
    >
      <JoinForm kind={kind} token={token} email={account.email} name={account.name} rule={passwordRule} />
    </Doorstep>
  );
}
