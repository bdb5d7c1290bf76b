import Link from 'next/link';
import type { ReactNode } from 'react';
import { Mark } from '#components/layout/mark.tsx';
import { Navigation } from '#components/layout/navigation.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { databaseProblem } from '#data/database-problem.ts';
import { datasetChoice } from '#data/datasets/datasets.ts';
import { logOut } from '../login/actions.ts';

export default async function AdminLayout({ children }: { children: ReactNode }) {
  const problem = await databaseProblem();
  const choice = problem === undefined ? await datasetChoice() : { names: [], preferred: undefined };
  return (
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
        <form action={logOut} className="absolute top-4.5 right-24 lg:static lg:mt-auto lg:px-3 lg:pt-4">
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
}
