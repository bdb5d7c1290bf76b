import Form from 'next/form';
import Link from 'next/link';
import { Notice } from '#components/notice.tsx';
import { Section } from '#components/section.tsx';
import { shoppers } from '#data/playground.ts';
import { formatCount } from '#format.ts';
import { RetrievalProblem } from './retrieval-problem.tsx';

interface ShoppersProps {
  search: string;
  address: (to: Record<string, string>) => string;
}

/** Customers to choose from. */
export async function Shoppers({ search, address }: ShoppersProps) {
  const { value, problem } = await shoppers(search);
  if (value === undefined) return <RetrievalProblem problem={problem} />;
  return (
    <Section
      title="Choose a shopper"
      note="Real customers of the dataset that is served."
      actions={
        <Form action="/playground" role="search" className="flex gap-2">
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
      {value.length === 0 ? (
        <Notice title={search === '' ? 'There are no shoppers.' : `No shopper’s id holds “${search}”.`} />
      ) : (
        <ul className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4">
          {value.map(({ userId, title, interactions, orders, attributes }) => (
            <li key={userId}>
              <Link
                href={address({ user: userId })}
                className="block h-full rounded-lg border border-line px-4 py-2.5 hover:border-strong hover:bg-raised"
              >
                <span className="font-mono font-medium">{userId}</span> {title}
                <span className="block text-sm text-muted">
                  {formatCount(interactions)} items in {formatCount(orders)} {orders === 1 ? 'order' : 'orders'}
                  {Object.values(attributes)
                    .filter((value) => value !== '')
                    .slice(0, 2)
                    .map((value) => ` · ${value}`)}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
