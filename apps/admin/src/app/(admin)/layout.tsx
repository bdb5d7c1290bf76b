import { mayDo, type Permission, type Person, permissions, refusal } from '@duet/db/people';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { Mark } from '#components/layout/mark.tsx';
import { Navigation } from '#components/layout/navigation.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PersonContext, type Refusals } from '#components/people/allowed.tsx';
import { databaseProblem } from '#data/database-problem.ts';
import { datasetChoice } from '#data/datasets/datasets.ts';
import { signedIn } from '#data/services.ts';
import { logOut } from '../login/actions.ts';

/** What a role may not do, with the sentences that say so. */
const refusalsOf = (role: Person['role']): Refusals =>
  Object.fromEntries(
    (Object.keys(permissions) as Permission[])
      .filter((permission) => !mayDo(role, permission))
      .map((permission) => [permission, refusal(role, permission)]),
  );

export default async function AdminLayout({ children }: { children: ReactNode }) {
  const problem = await databaseProblem();
  const choice = problem === undefined ? await datasetChoice() : { names: [], preferred: undefined };
  const person = problem === undefined ? await signedIn() : undefined;
  const frame = (
    <div className="lg:grid lg:grid-cols-[13rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:z-10 focus:m-2 focus:rounded-md focus:bg-surface focus:px-3 focus:py-2"
      >
        Skip to the content
      </a>
      <header className="relative border-b border-line px-4 py-3 lg:sticky lg:top-0 lg:flex lg:h-dvh lg:flex-col lg:overflow-y-auto lg:border-r lg:border-b-0 lg:px-3 lg:py-5">
        <Link href="/" className="flex w-fit items-center gap-2.5 lg:mb-5 lg:px-3">
          <Mark />
          <span className="text-lg font-semibold tracking-tight">Duet</span>
        </Link>
        <Navigation {...choice} />
        {person && (
          <Link
            href="/account"
            className="hidden min-w-0 rounded-md px-3 py-1.5 hover:bg-line/60 lg:mt-auto lg:block"
            title={`${person.email}, ${person.role}`}
          >
            <span className="block truncate font-medium">{person.name}</span>
            <span className="block truncate text-sm text-muted">{person.role}</span>
          </Link>
        )}
        <form
          action={logOut}
          className={`absolute top-4.5 right-24 lg:static lg:px-3 lg:pt-2 ${person ? '' : 'lg:mt-auto'}`}
        >
          <button type="submit" className="text-sm text-muted hover:text-ink">
            Log out
          </button>
        </form>
      </header>
      <main id="content" className="mx-auto w-full max-w-[84rem] min-w-0 px-4 py-6 sm:px-8 lg:py-8">
        {problem === undefined ? (
          children
        ) : (
          <Notice tone="problem" title="The database does not answer." command="npm start">
            {problem}
          </Notice>
        )}
      </main>
    </div>
  );
  return <PersonContext refusals={person === undefined ? {} : refusalsOf(person.role)}>{frame}</PersonContext>;
}
