import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type BulkOrder, bulkFile } from '@duet/serving/bulk';
import { datasetOf } from '#data/datasets/datasets.ts';
import { config, database } from '#data/services.ts';

const types = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
};

/** The file of a finished run. */
export async function GET(_: Request, { params }: { params: Promise<{ dataset: string; id: string }> }) {
  const { id: datasetId } = await datasetOf(params);
  const { id } = await params;
  const isId = /^[0-9a-f-]{36}$/i.test(id);
  const { prisma } = await database();
  const run = isId ? await prisma.bulkRun.findFirst({ where: { id, datasetId, status: 'done' } }) : null;
  if (run === null) return new Response('There is no such file.', { status: 404 });
  const { format, of } = run.request as unknown as BulkOrder;
  const file = bulkFile(config().dataDir, { id, format });
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return new Response('The file is not on this machine any more.', { status: 404 });
  return new Response(Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array<ArrayBuffer>>, {
    headers: {
      'content-type': types[format],
      'content-length': String(found.size),
      'content-disposition': `attachment; filename="${of}-${run.createdAt.toISOString().slice(0, 10)}.${format}"`,
      'cache-control': 'no-store',
    },
  });
}
