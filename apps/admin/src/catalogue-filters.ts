/**
 * What a catalogue can be narrowed to: what an item lacks, and what keeps it from being seen. SQL over "Item" i,
 * "Dataset" d.
 */
export const catalogueFilters = {
  untitled: { title: 'No title', where: `i.title = ''` },
  uncategorised: { title: 'No category', where: `i."categoryId" IS NULL` },
  unpriced: { title: 'No price', where: `i."priceMinor" IS NULL` },
  'out-of-stock': { title: 'Out of stock', where: `NOT i."inStock"` },
  withdrawn: { title: 'Withdrawn', where: `i."withdrawnAt" IS NOT NULL` },
  // What the first import brought is not new.
  new: {
    title: 'New',
    where: `i."createdAt" > greatest(now() - interval '30 days', d."createdAt" + interval '1 hour')`,
  },
  'never-shown': {
    title: 'Not shown for 30 days',
    where: `NOT EXISTS (SELECT FROM shown WHERE shown.item = i."externalId")`,
  },
} as const satisfies Record<string, { title: string; where: string }>;

export type CatalogueFilter = keyof typeof catalogueFilters;

export const isCatalogueFilter = (text: string): text is CatalogueFilter => Object.hasOwn(catalogueFilters, text);

/** What a catalogue can be sorted by. */
export const catalogueSorts = {
  title: { title: 'Title', by: `i.title, i."externalId"` },
  id: { title: 'Id', by: `i."externalId"` },
  category: { title: 'Category', by: `c.name NULLS LAST, i.title, i."externalId"` },
  cheapest: { title: 'Price, lowest first', by: `i."priceMinor" NULLS LAST, i."externalId"` },
  dearest: { title: 'Price, highest first', by: `i."priceMinor" DESC NULLS LAST, i."externalId"` },
  changed: { title: 'Last changed first', by: `i."updatedAt" DESC, i."externalId"` },
} as const satisfies Record<string, { title: string; by: string }>;

export type CatalogueSort = keyof typeof catalogueSorts;

export const isCatalogueSort = (text: string): text is CatalogueSort => Object.hasOwn(catalogueSorts, text);
