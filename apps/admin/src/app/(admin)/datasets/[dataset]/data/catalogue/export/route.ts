import { Readable } from 'node:stream';
import { csvLine } from '@duet/datasets';
import type { NextRequest } from 'next/server';
import { isCatalogueFilter, isCatalogueSort } from '#catalogue-filters.ts';
import { type CatalogueView, wholeCatalogue } from '#data/datasets/catalogue.ts';
import { datasetOf } from '#data/datasets/datasets.ts';
import { minorUnits } from '#format.ts';

const yes = (value: boolean): string => (value ? 'yes' : 'no');

async function* csv(datasetId: string, digits: number, view: CatalogueView): AsyncGenerator<string> {
  yield csvLine(['id', 'title', 'category', 'price', 'in stock', 'shown']);
  for await (const items of wholeCatalogue(datasetId, view)) {
    const lines = items.map(({ externalId, title, category, priceMinor, inStock, withdrawn }) => {
      const price = priceMinor === null ? '' : (priceMinor / 10 ** digits).toFixed(digits);
      return csvLine([externalId, title, category, price, yes(inStock), yes(!withdrawn)]);
    });
    yield lines.join('');
  }
}

/** The items that the page shows, all pages of them, as CSV, for somebody who has logged in. */
export async function GET(request: NextRequest, { params }: { params: Promise<{ dataset: string }> }) {
  const { id, currency } = await datasetOf(params);
  const query = request.nextUrl.searchParams;
  const [show, sort] = [query.get('show') ?? '', query.get('sort') ?? ''];
  const rows = csv(id, minorUnits(currency), {
    search: (query.get('q') ?? '').replaceAll('\0', '').slice(0, 200),
    filter: isCatalogueFilter(show) ? show : undefined,
    sort: isCatalogueSort(sort) ? sort : 'title',
  });
  const bytes = Readable.from(rows).map((text: string) => Buffer.from(text));
  return new Response(Readable.toWeb(bytes) as ReadableStream<Uint8Array<ArrayBuffer>>, {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="catalogue.csv"',
      'cache-control': 'no-store',
    },
  });
}
