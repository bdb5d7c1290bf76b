import { authorOf } from '@duet/db/people';
import { exportCustomer } from '@duet/experiments';
import { datasetOf } from '#data/datasets/datasets.ts';
import { config, database, signedIn } from '#data/services.ts';

/** All that is kept of a customer, as a file. By POST: addresses end up in logs. */
export async function POST(request: Request, { params }: { params: Promise<{ dataset: string }> }) {
  const { id: datasetId, name: dataset } = await datasetOf(params);
  const userId = (await request.formData()).get('userId');
  if (typeof userId !== 'string' || userId === '') return new Response('Say which customer.', { status: 400 });
  const ctx = { db: await database(), dataDir: config().dataDir };
  const exported = await exportCustomer(ctx, { datasetId, userId }, authorOf(await signedIn()));
  return new Response(`${JSON.stringify({ dataset, ...exported }, null, 2)}\n`, {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="customer.json"',
      'cache-control': 'no-store',
    },
  });
}
