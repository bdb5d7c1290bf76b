/** What a catalogue can be narrowed to: what an item lacks, and what keeps it from being shown. */
export const catalogueFilters = {
  untitled: { title: 'No title', where: { title: '' } },
  uncategorised: { title: 'No category', where: { categoryId: null } },
  unpriced: { title: 'No price', where: { priceMinor: null } },
  'out-of-stock': { title: 'Out of stock', where: { inStock: false } },
  withdrawn: { title: 'Withdrawn', where: { withdrawnAt: { not: null } } },
} as const;

export type CatalogueFilter = keyof typeof catalogueFilters;

export const isCatalogueFilter = (text: string): text is CatalogueFilter => Object.hasOwn(catalogueFilters, text);
