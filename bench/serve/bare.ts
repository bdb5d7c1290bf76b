/**
 * The yardstick of `bench:serve`: a bare `node:http` server that searches the same FAISS index for the same hundred
 * candidates with the same vectors, and writes the same JSON: an answer of the service's is its template, in which it
 * replaces what it found. It has no key check, no validation, no ranker, no limits, no metrics, no experiment, no
 * filter and hides nothing: what the service does beyond it is what the ratio costs.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { readIndex } from '@duet/ann';
import { openExecutor, openModel } from '@duet/artifact';
import { loadCatalogue } from '@duet/datasets';
import { connect } from '@duet/db';

const [dataDir, modelId, indexId, userCount, template] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const { items: templates, ...top } = JSON.parse(template) as { items: object[] };
await using db = await connect(process.env.DATABASE_URL!);
const row = await db.prisma.index.findUniqueOrThrow({ where: { id: indexId }, include: { model: true } });
const executor = await openExecutor({ executor: undefined, threads: 1 });
const model = await openModel(dataDir, modelId, executor, { precision: 'float16' });
const index = await readIndex(path.join(dataDir, 'indexes', indexId, 'index.faiss'));
const catalogue = await loadCatalogue({ db, dataDir }, row.model.datasetId);
const rowOf = new Map(catalogue.ids.map((id, i) => [id, i]));
const catalogueRow = Int32Array.from(model.items, (id) => rowOf.get(id)!);
const users = Array.from({ length: Number(userCount) }, (_, user) => `user-${user}`);
const vectors = new Map<string, Float32Array>();
for (let from = 0; from < users.length; from += 256) {
  const batch = users.slice(from, from + 256);
  const encoded = await model.encodeUsers(batch);
  batch.forEach((user, i) => {
    vectors.set(user, encoded.vectors.slice(i * index.dim, (i + 1) * index.dim));
  });
}
const options = row.nprobe === null ? {} : { nprobe: row.nprobe };

async function answer(userId: string, k: number) {
  const started = performance.now();
  const { ids, scores } = await index.search(vectors.get(userId)!, 100, options);
  const items = [];
  for (let place = 0; place < k; place++) {
    const item = catalogueRow[ids[place]!]!;
    const category = catalogue.category[item]!;
    const score = scores[place]!;
    items.push({
      ...templates[place],
      itemId: catalogue.ids[item],
      title: catalogue.title[item],
      category: category < 0 ? null : catalogue.categories[category],
      priceMinor: catalogue.priceMinor[item],
      score,
      retrievalScore: score,
      retrievalRank: place + 1,
    });
  }
  const tookMs = performance.now() - started;
  return { ...top, requestId: crypto.randomUUID(), userId, items, tookMs };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const { userId, k } = JSON.parse(Buffer.concat(chunks).toString()) as { userId: string; k: number };
    const body = JSON.stringify(await answer(userId, k));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send!({ ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('disconnect', () => process.exit(0));
