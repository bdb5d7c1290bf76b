import type { Dataset } from '@duet/db';
import Form from 'next/form';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Section } from '#components/layout/section.tsx';
import { usersOf } from '#data/datasets/interactions.ts';
import { attempt } from '#data/problem.ts';
import { formatCount } from '#format.ts';

interface ShoppersProps {
  dataset: Dataset;
  search: string;
  /** Within the dataset: the page that is about the chosen one. */
  path: string;
  /** The query that keeps what was chosen beside. */
  chosen: string;
}

/** Shoppers to choose from. */
export async function Shoppers({ dataset, search, path, chosen }: ShoppersProps) {
  const { value: users, problem } = await attempt(() => usersOf(dataset, search, 24));
  return (
    <Section
      title="Choose a shopper"
      note={`Those of ${dataset.name} who did most.`}
      actions={
        <Form action="" role="search" className="flex gap-2">
          {[...new URLSearchParams(chosen)].map(([name, value]) => (
            <input key={name} type="hidden" name={name} value={value} />
          ))}
          <label htmlFor="q" className="sr-only">
            Search shoppers
          </label>
          <input
            key={search}
            id="q"
            name="q"
            type="search"
            defaultValue={search}
            placeholder="Part of an id"
            autoComplete="off"
            className="input w-44"
          />
          <button type="submit" className="button button-quiet">
            Search
          </button>
        </Form>
      }
    >
      {users === undefined || users.length === 0 ? (
        <Notice title={search === '' ? 'There are no shoppers to list.' : `No shopper’s id holds “${search}”.`}>
          {problem}
        </Notice>
      ) : (
        <ul className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4">
          {users.map(({ userId, interactions }) => (
            <li key={userId}>
              <DatasetLink
                href={`${path}?${new URLSearchParams([...new URLSearchParams(chosen), ['user', userId]])}`}
                className="block h-full rounded-lg border border-line px-4 py-2.5 hover:border-strong hover:bg-raised"
              >
                <span className="font-mono font-medium [overflow-wrap:anywhere]">{userId}</span>
                <span className="block text-sm text-muted">
                  {formatCount(interactions)} {interactions === 1 ? 'interaction' : 'interactions'}
                </span>
              </DatasetLink>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
