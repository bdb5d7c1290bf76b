import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { CategoryBalance } from '#components/charts/category-balance.tsx';
import { Notice } from '#components/notice.tsx';
import { Section } from '#components/section.tsx';
import { Stat, Stats } from '#components/stat.tsx';
import { findDataset } from '#data/datasets.ts';
import { formatCount, formatDay, formatNumber, formatPercent } from '#format.ts';
import { routeId } from '#route-id.ts';

export const metadata: Metadata = { title: 'Dataset' };

/** Categories that the chart has room for; the table has them all. */
const charted = 24;

export default async function DatasetPage({ params }: { params: Promise<{ id: string }> }) {
  const dataset = await findDataset(await routeId(params));
  if (dataset === null) notFound();
  const { categories } = dataset;
  const items = categories.reduce((sum, category) => sum + category.items, 0);
  const interactions = categories.reduce((sum, category) => sum + category.interactions, 0);
  const largest = categories[0];
  const smallest = categories.at(-1);
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  const days =
    dataset.firstAt && dataset.lastAt ? (dataset.lastAt.getTime() - dataset.firstAt.getTime()) / 86_400_000 : undefined;
  return (
    <div className="space-y-6">
      <Stats>
        <Stat
          label="Interactions"
          value={formatCount(dataset.interactions)}
          note={dataset.users > 0 && `${formatNumber(dataset.interactions / dataset.users, 1)} a shopper`}
        />
        <Stat label="Shoppers" value={formatCount(dataset.users)} />
        <Stat
          label="Items"
          value={formatCount(dataset.items)}
          note={dataset.items > 0 && `${formatNumber(dataset.interactions / dataset.items, 1)} interactions each`}
        />
        <Stat
          label={
            <abbr title="Share of all pairs of a shopper and an item that occur, at most: repeats count too">
              Density
            </abbr>
          }
          value={
            dataset.users * dataset.items > 0
              ? formatPercent(dataset.interactions / dataset.users / dataset.items, 2)
              : '–'
          }
        />
        <Stat
          label="Time span"
          value={days === undefined ? 'no times' : `${formatCount(Math.round(days))} days`}
          note={
            dataset.firstAt && dataset.lastAt
              ? `${formatDay(dataset.firstAt)} – ${formatDay(dataset.lastAt)}`
              : 'only the order is known'
          }
        />
        <Stat label="Currency" value={dataset.currency} />
      </Stats>

      {largest === undefined || smallest === undefined ? (
        <Notice title="This dataset has no categories.">
          DAT’s category alignment needs some; import an items file with a category column (--category).
        </Notice>
      ) : (
        <Section
          title="Categories and their imbalance"
          note={`${largest.name} holds ${formatPercent(share(largest.items, items))} of the items, ${smallest.name} ${formatPercent(share(smallest.items, items))}: ${formatNumber(share(largest.items, Math.max(1, smallest.items)), 0)} times as many. DAT aligns the spread of their vectors so that small categories are not drowned.`}
        >
          <CategoryBalance
            rows={categories.slice(0, charted).map(({ name, items: own, interactions: done }) => ({
              category: name,
              'Share of items': share(own, items),
              'Share of interactions': share(done, interactions),
            }))}
          />
          {categories.length > charted && (
            <p className="mt-2 text-sm text-muted">
              The {charted} largest of {formatCount(categories.length)} are drawn.
            </p>
          )}
        </Section>
      )}

      {categories.length > 0 && (
        <Section title="Categories" flush>
          <table className="data">
            <thead>
              <tr>
                <th scope="col">Category</th>
                <th scope="col" className="num">
                  Items
                </th>
                <th scope="col" className="num">
                  Share of items
                </th>
                <th scope="col" className="num">
                  Interactions
                </th>
                <th scope="col" className="num">
                  Share of interactions
                </th>
                <th scope="col" className="num">
                  Interactions an item
                </th>
              </tr>
            </thead>
            <tbody>
              {categories.map(({ id, name, items: own, interactions: done }) => (
                <tr key={id}>
                  <th scope="row" className="font-medium">
                    {name}
                  </th>
                  <td className="num">{formatCount(own)}</td>
                  <td className="num text-muted">{formatPercent(share(own, items))}</td>
                  <td className="num">{formatCount(done)}</td>
                  <td className="num text-muted">{formatPercent(share(done, interactions))}</td>
                  <td className="num">{own === 0 ? '–' : formatNumber(done / own, 1)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Section>
      )}

      <Section title="Source and licence">
        <p className={dataset.attribution ? '' : 'text-muted'}>
          {dataset.attribution || 'The import named no source. Give one with --attribution.'}
        </p>
        <p className="mt-2 text-sm text-muted">
          Fingerprint{' '}
          <span className="font-mono [overflow-wrap:anywhere]">{dataset.fingerprint || 'not recorded'}</span>: a model
          names the data it was trained on by it.
        </p>
      </Section>
    </div>
  );
}
