import { Readable } from 'node:stream';
import { rejectedCsv } from '@duet/datasets';
import { datasetOf } from '#data/datasets/datasets.ts';
import { config } from '#data/services.ts';

/** Every row that the last import refused, with why, for somebody who has logged in. */
export async function GET(_: Request, { params }: { params: Promise<{ dataset: string }> }): Promise<Response> {
  const { id } = await datasetOf(params);
  const rows = Readable.from(rejectedCsv(config().dataDir, id)).map((text: string) => Buffer.from(text));
  return new Response(Readable.toWeb(rows) as ReadableStream<Uint8Array<ArrayBuffer>>, {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="rejected-rows.csv"',
      'cache-control': 'no-store',
    },
  });
}
