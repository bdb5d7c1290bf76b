'use client';

import Link from 'next/link';
import { useState, useTransition } from 'react';
import { DataTable } from '#components/layout/data-table.tsx';
import { Badge } from '#components/states/badge.tsx';
import type { CatalogueItem } from '#data/datasets/catalogue.ts';
import { minorUnits } from '#format.ts';
import { changeItems } from './actions.ts';

interface ItemsProps {
  datasetId: string;
  currency: string;
  /** The catalogue's address. */
  at: string;
  rows: CatalogueItem[];
  categories: string[];
}

/** Some items of a catalogue: price and stock are changed in place, and several items together. */
export function Items({ datasetId, currency, at, rows, categories }: ItemsProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [problem, setProblem] = useState('');
  const [pending, begin] = useTransition();
  const change = (items: string[], what: Omit<Parameters<typeof changeItems>[0], 'datasetId' | 'items'>) =>
    begin(async () => setProblem(await changeItems({ datasetId, items, ...what })));
  const here = rows.filter(({ externalId }) => chosen.has(externalId)).map(({ externalId }) => externalId);
  const choose = (id: string, isChosen: boolean) =>
    setChosen((before) => new Set(isChosen ? [...before, id] : [...before].filter((one) => one !== id)));
  return (
    <>
      <Bulk
        {...{ here, categories, pending }}
        onChange={(what) => change(here, what)}
        onClear={() => setChosen(new Set())}
      />
      <p role="alert" className="px-5 pb-2 text-sm text-bad empty:hidden">
        {problem}
      </p>
      <DataTable
        caption="Items"
        rows={rows}
        rowKey={({ externalId }) => externalId}
        rowClassName={({ withdrawn }) => (withdrawn ? 'text-muted' : '')}
        columns={[
          {
            title: 'Choose',
            hideTitle: true,
            cell: ({ externalId }) => (
              <input
                type="checkbox"
                aria-label={`Choose ${externalId}`}
                checked={chosen.has(externalId)}
                onChange={({ target }) => choose(externalId, target.checked)}
              />
            ),
          },
          {
            title: 'Item',
            rowHeader: true,
            className: 'font-mono text-sm',
            cell: ({ externalId }) => (
              <Link href={`${at}/item?${new URLSearchParams({ item: externalId })}`} className="link">
                {externalId}
              </Link>
            ),
          },
          {
            title: 'Title',
            className: 'min-w-56',
            cell: ({ title }) => title || <span className="text-muted">no title</span>,
          },
          { title: 'Category', className: 'text-muted', cell: ({ category }) => category ?? 'none' },
          {
            title: `Price in ${currency}`,
            numeric: true,
            cell: (item) => (
              <Price
                key={item.priceMinor}
                {...{ item, currency }}
                onPrice={(price) => change([item.externalId], { price })}
              />
            ),
          },
          {
            title: 'In stock',
            cell: ({ externalId, inStock, withdrawn }) => (
              <span className="flex items-center gap-2">
                <input
                  type="checkbox"
                  aria-label={`${externalId} is in stock`}
                  checked={inStock}
                  disabled={pending}
                  onChange={({ target }) => change([externalId], { inStock: target.checked })}
                />
                {withdrawn && <Badge tone="bad">withdrawn</Badge>}
              </span>
            ),
          },
        ]}
      />
    </>
  );
}

interface PriceProps {
  item: CatalogueItem;
  currency: string;
  onPrice: (price: string) => void;
}

/** A price that is changed where it stands: Enter or leaving the field saves it. */
function Price({ item: { externalId, priceMinor }, currency, onPrice }: PriceProps) {
  const digits = minorUnits(currency);
  const stored = priceMinor === null ? '' : (priceMinor / 10 ** digits).toFixed(digits);
  return (
    <input
      type="text"
      inputMode="decimal"
      aria-label={`Price of ${externalId}`}
      className="input h-8 w-24 text-right"
      defaultValue={stored}
      placeholder="–"
      onKeyDown={({ key, currentTarget }) => key === 'Enter' && currentTarget.blur()}
      onBlur={({ target }) => target.value.trim() !== stored && onPrice(target.value)}
    />
  );
}

interface BulkProps {
  /** Ids of the chosen items. */
  here: string[];
  categories: string[];
  pending: boolean;
  onChange: (what: { inStock?: boolean; withdrawn?: boolean; category?: string }) => void;
  onClear: () => void;
}

/** What can be done to the chosen items; there while some are. */
function Bulk({ here, categories, pending, onChange, onClear }: BulkProps) {
  const [category, setCategory] = useState('');
  if (here.length === 0) return null;
  const deeds = [
    { title: 'In stock', what: { inStock: true } },
    { title: 'Out of stock', what: { inStock: false } },
    { title: 'Withdraw', what: { withdrawn: true } },
    { title: 'Show again', what: { withdrawn: false } },
  ];
  return (
    <div
      role="toolbar"
      aria-label="Chosen items"
      className="mx-5 mb-4 flex flex-wrap items-center gap-2 rounded-lg border border-strong bg-raised px-4 py-2"
    >
      <span className="mr-2 font-medium">{here.length} chosen</span>
      {deeds.map(({ title, what }) => (
        <button
          key={title}
          type="button"
          disabled={pending}
          className="button button-quiet h-8"
          onClick={() => onChange(what)}
        >
          {title}
        </button>
      ))}
      <label className="flex items-center gap-2">
        <span className="sr-only">Category to move to</span>
        <input
          list="categories"
          className="input h-8 w-48"
          placeholder="Category"
          value={category}
          onChange={({ target }) => setCategory(target.value)}
        />
      </label>
      <datalist id="categories">
        {categories.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <button
        type="button"
        disabled={pending}
        className="button button-quiet h-8"
        onClick={() => onChange({ category })}
      >
        {category === '' ? 'Take out of category' : 'Move'}
      </button>
      <button type="button" className="ml-auto text-sm text-muted hover:text-ink" onClick={onClear}>
        Clear
      </button>
    </div>
  );
}
