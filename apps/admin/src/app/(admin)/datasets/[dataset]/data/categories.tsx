import { CategoryBalance } from '#components/charts/category-balance.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Section } from '#components/layout/section.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { formatCount, formatNumber, formatPercent } from '#format.ts';
import { CategoryEdit, categoryNames } from './category-edit.tsx';

interface Category {
  id: string;
  name: string;
  items: number;
  interactions: number;
}

/** Categories that the chart has room for; the table has them all. */
const charted = 24;

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** A dataset's categories, the largest first: how unevenly items and interactions lie in them. */
export function Categories({ datasetId, categories }: { datasetId: string; categories: Category[] }) {
  const items = categories.reduce((sum, category) => sum + category.items, 0);
  const interactions = categories.reduce((sum, category) => sum + category.interactions, 0);
  const [largest, smallest] = [categories[0], categories.at(-1)];
  if (largest === undefined || smallest === undefined) {
    return (
      <Notice title="This dataset has no categories.">
        DAT’s category alignment needs some. An items file with a category column brings them; an item’s page sets one.
      </Notice>
    );
  }
  return (
    <>
      <Section
        title="Categories and their imbalance"
        note={`${largest.name} holds ${formatPercent(ratio(largest.items, items))} of the items, ${smallest.name} ${formatPercent(ratio(smallest.items, items))}: ${formatNumber(ratio(largest.items, Math.max(1, smallest.items)), 0)} times as many. DAT aligns the spread of their vectors so that small categories are not drowned.`}
      >
        <CategoryBalance
          rows={categories.slice(0, charted).map((category) => ({
            category: category.name,
            'Share of items': ratio(category.items, items),
            'Share of interactions': ratio(category.interactions, interactions),
          }))}
        />
        {categories.length > charted && (
          <p className="mt-2 text-sm text-muted">
            The {charted} largest of {formatCount(categories.length)} are drawn.
          </p>
        )}
      </Section>
      <datalist id={categoryNames}>
        {categories.map(({ id, name }) => (
          <option key={id} value={name} />
        ))}
      </datalist>
      <Section title="Categories" flush>
        <DataTable
          caption="Categories"
          rows={categories}
          rowKey={({ id }) => id}
          columns={[
            { title: 'Category', rowHeader: true, className: 'font-medium', cell: ({ name }) => name },
            { title: 'Items', numeric: true, cell: (category) => formatCount(category.items) },
            {
              title: 'Share of items',
              numeric: true,
              className: 'text-muted',
              cell: (category) => formatPercent(ratio(category.items, items)),
            },
            { title: 'Interactions', numeric: true, cell: (category) => formatCount(category.interactions) },
            {
              title: 'Share of interactions',
              numeric: true,
              className: 'text-muted',
              cell: (category) => formatPercent(ratio(category.interactions, interactions)),
            },
            {
              title: 'Interactions an item',
              numeric: true,
              cell: (category) =>
                category.items === 0 ? '–' : formatNumber(category.interactions / category.items, 1),
            },
            {
              title: 'Change',
              hideTitle: true,
              cell: ({ name }) => (
                <Allowed to="merchandise">
                  <CategoryEdit {...{ datasetId, name }} mergeable={categories.length > 1} />
                </Allowed>
              ),
            },
          ]}
        />
      </Section>
    </>
  );
}
