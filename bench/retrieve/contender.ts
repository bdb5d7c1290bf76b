/**
 * One contender of `bench:retrieve`, in a process of its own: builds its index over the vectors of a folder, then
 * answers one JSON request a line.
 *
 *   contender.ts duet|duet-flat|usearch|hnswlib|faiss-node FOLDER DIM [MODULE]
 *
 * {"do": "build"}                         {buildMs, bytesPerVector, name, effort}
 * {"do": "recall", effort}                {recall}: of the second half of the queries, against exact.i32
 * {"do": "time", effort, seconds, ahead}  {queries, seconds, p50Us, p99Us}: `ahead` searches in flight
 * {"do": "filter", share}                 {recall, p50Us}: duet only
 */
import { execFileSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buildIndex, chooseIndex, type VectorIndex } from '@duet/ann';

const k = 100;
const [kind, folder, dimText, module] = process.argv.slice(2) as [string, string, string, string | undefined];
const dim = Number(dimText);
const floats = async (name: string) => new Float32Array((await readFile(path.join(folder, name))).buffer);
const items = await floats('items.f32');
const queries = await floats('queries.f32');
const n = items.length / dim;
const count = queries.length / dim;
const half = count >> 1;
const query = (q: number) => queries.subarray(q * dim, (q + 1) * dim);

/** What a search looks at: nprobe or efSearch; nothing for Flat. */
type Effort = number | undefined;

interface Built {
  name: string;
  bytesPerVector: number;
  /** Where its tuning begins; undefined where it has none, or is tuned already. */
  effort: Effort;
  search(vector: Float32Array, effort: Effort): ArrayLike<number> | Promise<ArrayLike<number>>;
}

const fileBytes = async (write: (file: string) => unknown) => {
  const file = path.join(folder, `${kind}.index`);
  await write(file);
  return (await stat(file)).size / n;
};

let duet: VectorIndex | undefined;

const builders: Record<string, () => Promise<Built & { buildMs?: number }>> = {
  duet: async () => {
    const chosen = await chooseIndex(items, dim, queries.subarray(0, half * dim), {
      recallTarget: 0.96,
      progress: (note) => process.stderr.write(`${note}\n`),
    });
    duet = chosen.index;
    return {
      name: chosen.nprobe === undefined ? chosen.factory : `${chosen.factory}, nprobe ${chosen.nprobe}`,
      bytesPerVector: chosen.bytesPerVector,
      buildMs: chosen.buildMs,
      effort: undefined,
      search: async (vector) => (await chosen.index.search(vector, k)).ids,
    };
  },
  'duet-flat': async () => {
    const index = await buildIndex(items, dim, { factory: 'Flat' });
    return {
      name: 'Flat',
      bytesPerVector: 4 * dim,
      effort: undefined,
      search: async (vector) => (await index.search(vector, k)).ids,
    };
  },
  usearch: async () => {
    const { Index, MetricKind, ScalarKind } = createRequire(import.meta.url)(module!);
    const threads = os.availableParallelism();
    const make = (expansionSearch: number) =>
      new Index({
        dimensions: dim,
        metric: MetricKind.IP,
        quantization: ScalarKind.F32,
        connectivity: 16,
        expansion_add: 128,
        expansion_search: expansionSearch,
        multi: false,
      });
    const built = make(64);
    for (let row = 0; row < n; row += 10_000) {
      const to = Math.min(n, row + 10_000);
      built.add(
        BigUint64Array.from({ length: to - row }, (_, i) => BigInt(row + i)),
        items.subarray(row * dim, to * dim),
        threads,
      );
    }
    const file = path.join(folder, 'usearch.index');
    const bytesPerVector = await fileBytes((to) => built.save(to));
    // The effort belongs to the index: each is a reading of the same file.
    let open = { effort: 0, index: built };
    return {
      name: 'HNSW, M 16, f32',
      bytesPerVector,
      effort: 32,
      search: (vector, effort) => {
        if (open.effort !== effort) {
          open = { effort: effort!, index: make(effort!) };
          open.index.load(file);
        }
        const { keys } = open.index.search(vector, k, 1);
        return Int32Array.from(keys as BigUint64Array, Number);
      },
    };
  },
  hnswlib: async () => {
    const { HierarchicalNSW } = createRequire(import.meta.url)(module!);
    const index = new HierarchicalNSW('ip', dim);
    index.initIndex(n, 16, 100);
    for (let row = 0; row < n; row++) index.addPoint(Array.from(items.subarray(row * dim, (row + 1) * dim)), row);
    const bytesPerVector = await fileBytes((to) => index.writeIndexSync(to));
    return {
      name: 'HNSW, M 16, f32',
      bytesPerVector,
      effort: 32,
      search: (vector, effort) => {
        index.setEf(effort);
        return index.searchKnn(Array.from(vector), k).neighbors as number[];
      },
    };
  },
  'faiss-node': async () => {
    const { IndexFlatIP } = createRequire(import.meta.url)(module!);
    const index = new IndexFlatIP(dim);
    for (let row = 0; row < n; row += 10_000) index.add(Array.from(items.subarray(row * dim, (row + 10_000) * dim)));
    return {
      name: 'Flat',
      bytesPerVector: 4 * dim,
      effort: undefined,
      search: (vector) => index.search(Array.from(vector), k).labels as number[],
    };
  },
};

let built: Built;

async function build() {
  const began = performance.now();
  const made = await builders[kind]!();
  built = made;
  const { name, bytesPerVector, effort, buildMs = performance.now() - began } = made;
  return { name, bytesPerVector, effort, buildMs: Math.round(buildMs) };
}

async function recall(effort: Effort) {
  const exact = new Int32Array((await readFile(path.join(folder, 'exact.i32'))).buffer);
  const depth = exact.length / half;
  let found = 0;
  for (let q = 0; q < half; q++) {
    const exactIds = new Set(exact.subarray(q * depth, (q + 1) * depth));
    const ids = await built.search(query(half + q), effort);
    for (let i = 0; i < ids.length; i++) if (exactIds.has(ids[i]!)) found++;
  }
  return { recall: found / exact.length };
}

/** Everything that this process does, on one processor, where the system can say so. */
let pinned = false;
function pin(): void {
  if (pinned) return;
  pinned = true;
  try {
    execFileSync('taskset', ['-apc', String(os.availableParallelism() - 1), String(process.pid)], { stdio: 'ignore' });
  } catch {
    // Without taskset it has all of them: what is timed still uses one thread a search.
  }
}

async function time(effort: Effort, seconds: number, ahead: number) {
  pin();
  const times: number[] = [];
  let next = 0;
  const one = async () => {
    const began = performance.now();
    await built.search(query(next++ % count), effort);
    times.push(1000 * (performance.now() - began));
  };
  for (let i = 0; i < 20; i++) await one();
  times.length = 0;
  const began = performance.now();
  const until = began + 1000 * seconds;
  await Promise.all(
    Array.from({ length: ahead }, async () => {
      while (performance.now() < until) await one();
    }),
  );
  const took = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const quantile = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))]!;
  return { queries: times.length, seconds: took, p50Us: quantile(0.5), p99Us: quantile(0.99) };
}

/** Recall and median time of Duet's planner where a share of the vectors, spread evenly, is allowed. */
async function filter(share: number) {
  await using flat = await buildIndex(items, dim, { factory: 'Flat' });
  const allowed = new Uint8Array(Math.ceil(n / 8));
  for (let i = 0; i < share * n; i++) {
    const id = Math.floor(i / share);
    if (id < n) allowed[id >> 3]! |= 1 << (id & 7);
  }
  const asked = Math.min(half, 100);
  const times: number[] = [];
  let found = 0;
  let all = 0;
  for (let q = half; q < half + asked; q++) {
    const exactIds = new Set((await flat.search(query(q), k, { allowed })).ids.filter((id) => id >= 0));
    const began = performance.now();
    const { ids } = await duet!.search(query(q), k, { allowed });
    times.push(1000 * (performance.now() - began));
    for (const id of ids) if (exactIds.has(id)) found++;
    all += exactIds.size;
  }
  times.sort((a, b) => a - b);
  return { share, recall: found / all, p50Us: times[asked >> 1]! };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answer =
    request.do === 'build'
      ? await build()
      : request.do === 'recall'
        ? await recall(request.effort)
        : request.do === 'time'
          ? await time(request.effort, request.seconds, request.ahead)
          : await filter(request.share);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
