/**
 * `npm run bench:retrieve`: Duet's index against usearch, hnswlib-node and faiss-node, each tuned to recall@100 ≥ 0.95,
 * in alternating turns on one processor; and its exact scan against the time that merely reading the vectors takes.
 *
 *   -- --data FOLDER [--model ID]   also over a trained model's vectors (or DUET_DATA_DIR)
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { buildIndex } from '@duet/ann';
import { type Flags, median, type Results, runBench, say, table } from './bench.ts';
import { Contender } from './contender.ts';
import { synthetic, trained, type Vectors } from './retrieve/data.ts';
import { type Peer, type PeerName, preparePeers, prepareStream } from './retrieve/peers.ts';

const k = 100;
const wantedRecall = 0.95;
/** Searches in flight where throughput is measured: what a busy service has. */
const ahead = 64;

type Name = 'duet' | 'duet-flat' | PeerName;

interface Timing {
  queries: number;
  seconds: number;
  p50Us: number;
  p99Us: number;
}

interface Measured {
  index: string;
  recallAt100: number;
  /** What it was tuned to; null where it tunes itself or there is nothing to tune. */
  effort: number | null;
  /** Median over rounds. */
  qps: number;
  /** One search at a time. */
  p50Us: number;
  p99Us: number;
  rounds: number[];
  buildMs: number;
  bytesPerVector: number;
}

interface SetResults {
  vectors: string;
  size: number;
  contenders: Partial<Record<Name, Measured>>;
  missing: Partial<Record<Name, string>>;
  /** Microseconds that reading all vectors once takes, and the share of that speed which the exact scan reaches. */
  streamUs: number | null;
  flatShareOfBandwidth: number | null;
  filters: { share: number; recall: number; p50Us: number }[];
}

interface RetrieveResults extends Results {
  metrics: {
    qps_1t: number;
    recall_at_100: number;
    p50_us: number;
    p99_us: number;
    flat_share_of_bandwidth: number | null;
    bytes_per_vector: number;
    build_ms: number;
    sets: SetResults[];
  };
}

async function openContenders(
  folder: string,
  dim: number,
  peers: Record<PeerName, Peer>,
  stack: AsyncDisposableStack,
): Promise<{ contenders: Map<Name, Contender>; missing: SetResults['missing'] }> {
  const contenders = new Map<Name, Contender>();
  const missing: SetResults['missing'] = {};
  const open = (name: Name, module: string[] = []) => {
    const program = path.join(import.meta.dirname, 'retrieve/contender.ts');
    // One thread searches; what builds uses FAISS's own.
    const env = { UV_THREADPOOL_SIZE: '1', NODE_NO_WARNINGS: '1' };
    contenders.set(
      name,
      stack.use(new Contender(process.execPath, [program, name, folder, String(dim), ...module], env)),
    );
  };
  open('duet');
  open('duet-flat');
  for (const [name, peer] of Object.entries(peers) as [PeerName, Peer][]) {
    if ('missing' in peer) missing[name] = peer.missing;
    else open(name, [peer.module]);
  }
  return { contenders, missing };
}

/** The least effort that reaches the recall: doubled until it does, then bisected. */
async function tune(contender: Contender, from: number): Promise<{ effort: number; recall: number }> {
  const recallAt = async (effort: number) => (await contender.ask<{ recall: number }>({ do: 'recall', effort })).recall;
  let low = from;
  let best = { effort: from, recall: await recallAt(from) };
  while (best.recall < wantedRecall && best.effort < 4096) {
    low = best.effort;
    best = { effort: 2 * low, recall: await recallAt(2 * low) };
  }
  while (best.recall >= wantedRecall && best.effort - low > best.effort / 8) {
    const middle = (low + best.effort) >> 1;
    const recall = await recallAt(middle);
    if (recall >= wantedRecall) best = { effort: middle, recall };
    else low = middle;
  }
  return best;
}

async function exactAnswers(of: Vectors): Promise<Int32Array> {
  const half = (of.queries.length / of.dim) >> 1;
  await using flat = await buildIndex(of.items, of.dim, { factory: 'Flat' });
  return (await flat.search(of.queries.subarray(half * of.dim), k)).ids;
}

async function measureSet(
  of: Vectors,
  peers: Record<PeerName, Peer>,
  stream: string | undefined,
  { quick }: Flags,
): Promise<SetResults> {
  say(`${of.name}, ${of.dim} dimensions`);
  const size = of.items.length / of.dim;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'duet-bench-retrieve-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  for (const [name, numbers] of [
    ['items.f32', of.items],
    ['queries.f32', of.queries],
    ['exact.i32', await exactAnswers(of)],
  ] as const) {
    await writeFile(path.join(folder, name), numbers);
  }

  const { contenders, missing } = await openContenders(folder, of.dim, peers, stack);
  const tuned = new Map<Name, Measured>();
  for (const [name, contender] of [...contenders]) {
    try {
      const built = await contender.ask<{ name: string; bytesPerVector: number; effort?: number; buildMs: number }>({
        do: 'build',
      });
      const { effort, recall } =
        built.effort === undefined
          ? { effort: null, ...(await contender.ask<{ recall: number }>({ do: 'recall' })) }
          : await tune(contender, built.effort);
      const { bytesPerVector, buildMs } = built;
      tuned.set(name, {
        index: built.name,
        recallAt100: recall,
        effort,
        qps: 0,
        p50Us: 0,
        p99Us: 0,
        rounds: [],
        buildMs,
        bytesPerVector,
      });
      say(
        `  ${name}: ${built.name}${effort === null ? '' : `, ef ${effort}`}, recall ${recall.toFixed(3)}, built in ${(buildMs / 1000).toFixed(1)} s`,
      );
    } catch (error) {
      missing[name] = (error as Error).message.slice(0, 300);
      contenders.delete(name);
    }
  }

  const single = new Map<Name, Timing[]>();
  const streams: number[] = [];
  const shares: number[] = [];
  const seconds = quick ? 0.3 : 1.5;
  for (let round = 0; round < (quick ? 3 : 7); round++) {
    let streamUs: number | undefined;
    if (stream !== undefined) {
      const times = execFileSync(stream, [String(4 * of.items.length), '9'], { encoding: 'utf8' });
      streamUs = median(times.trim().split('\n').map(Number));
      streams.push(streamUs);
    }
    for (const [name, measured] of tuned) {
      const time = (inFlight: number) =>
        contenders
          .get(name)!
          .ask<Timing>({ do: 'time', effort: measured.effort ?? undefined, seconds, ahead: inFlight });
      const alone = await time(1);
      single.set(name, [...(single.get(name) ?? []), alone]);
      // A call of a peer blocks its thread, so that more in flight is the same as one.
      const busy = name === 'duet' ? await time(ahead) : alone;
      measured.rounds.push(busy.queries / busy.seconds);
      if (name === 'duet-flat' && streamUs !== undefined) shares.push(streamUs / alone.p50Us);
    }
    say(
      `  round ${round + 1}: ${[...tuned].map(([name, { rounds }]) => `${name} ${Math.round(rounds.at(-1)!)}`).join(', ')} queries/s`,
    );
  }
  for (const [name, measured] of tuned) {
    measured.qps = median(measured.rounds);
    measured.p50Us = median(single.get(name)!.map(({ p50Us }) => p50Us));
    measured.p99Us = median(single.get(name)!.map(({ p99Us }) => p99Us));
  }
  const filters: SetResults['filters'] = [];
  for (const allowedShare of [0.5, 0.1, 0.01, 0.001]) {
    filters.push(
      await contenders.get('duet')!.ask<SetResults['filters'][number]>({ do: 'filter', share: allowedShare }),
    );
  }
  return {
    vectors: of.name,
    size,
    contenders: Object.fromEntries(tuned),
    missing,
    streamUs: streams.length > 0 ? median(streams) : null,
    flatShareOfBandwidth: shares.length > 0 ? median(shares) : null,
    filters,
  };
}

/** Median over rounds that alternated. */
function ratio(set: SetResults, peer: Name): number | null {
  const [duet, other] = [set.contenders.duet, set.contenders[peer]];
  if (duet === undefined || other === undefined) return null;
  return median(duet.rounds.map((qps, round) => qps / other.rounds[round]!));
}

async function measure(flags: Flags & { data?: string; model?: string }): Promise<RetrieveResults> {
  const peers = await preparePeers();
  const streamProgram = await prepareStream();
  if ('missing' in streamProgram) say(`the memory's bandwidth is not measured: ${streamProgram.missing}`);
  const stream = 'program' in streamProgram ? streamProgram.program : undefined;
  const queries = flags.quick ? 400 : 2000;
  const sizes = flags.quick ? [10_000, 30_000] : [10_000, 100_000, 1_000_000];
  const sets: SetResults[] = [];
  const dataDir = flags.data ?? process.env.DUET_DATA_DIR;
  if (dataDir === undefined) say('no trained vectors: name a data folder with --data or DUET_DATA_DIR to have some');
  else sets.push(await measureSet(await trained(dataDir, flags.model, queries), peers, stream, flags));
  for (const size of sizes) sets.push(await measureSet(synthetic(size, 32, queries), peers, stream, flags));

  const largest = sets.at(-1)!;
  const { duet } = largest.contenders;
  if (duet === undefined) throw new Error(`Duet's own index failed: ${largest.missing.duet}`);
  return {
    params: { k, wantedRecall, dim: 32, sizes, queries, inFlight: ahead, dataDir: dataDir ?? null, quick: flags.quick },
    metrics: {
      qps_1t: duet.qps,
      recall_at_100: duet.recallAt100,
      p50_us: duet.p50Us,
      p99_us: duet.p99Us,
      flat_share_of_bandwidth: largest.flatShareOfBandwidth,
      bytes_per_vector: duet.bytesPerVector,
      build_ms: duet.buildMs,
      sets,
    },
    peers: Object.fromEntries(
      (Object.keys(peers) as PeerName[]).map((name) => [name, largest.contenders[name] ?? null]),
    ),
    ratios: {
      usearch: ratio(largest, 'usearch'),
      hnswlib: ratio(largest, 'hnswlib'),
      faiss_node: ratio(largest, 'faiss-node'),
    },
  };
}

function markdown({ metrics, params }: RetrieveResults): string {
  const { queries } = params as { queries: number };
  const whole = (x: number) => Math.round(x).toLocaleString('en');
  const parts = [
    `k = ${k}, each tuned to recall@100 ≥ ${wantedRecall} where it can be tuned (Duet by chooseIndex on ${queries / 2} other queries), in alternating turns on one processor. Queries a second with ${ahead} searches in flight; p50 and p99 one at a time.`,
  ];
  for (const set of metrics.sets) {
    parts.push(
      `## ${set.vectors}`,
      table(
        ['', 'index', 'recall@100', 'queries/s', 'Duet is', 'p50 µs', 'p99 µs', 'build s', 'bytes/vector'],
        (Object.entries(set.contenders) as [Name, Measured][]).map(([name, of]) => {
          const times = ratio(set, name);
          return [
            name,
            of.effort === null ? of.index : `${of.index}, ef ${of.effort}`,
            of.recallAt100.toFixed(3),
            whole(of.qps),
            name === 'duet' || times === null ? '' : `${times.toFixed(1)} ×`,
            whole(of.p50Us),
            whole(of.p99Us),
            (of.buildMs / 1000).toFixed(1),
            whole(of.bytesPerVector),
          ];
        }),
      ),
    );
    for (const [name, reason] of Object.entries(set.missing)) parts.push(`${name} is not here: ${reason}`);
    if (set.streamUs !== null && set.flatShareOfBandwidth !== null) {
      parts.push(
        `Reading the vectors once takes ${whole(set.streamUs)} µs; the exact scan reaches ${(100 * set.flatShareOfBandwidth).toFixed(0)} % of that speed.`,
      );
    }
    parts.push(
      table(
        ['allowed', 'recall@100', 'p50 µs'],
        set.filters.map(({ share, recall, p50Us }) => [`${100 * share} %`, recall.toFixed(3), whole(p50Us)]),
      ),
    );
  }
  return parts.join('\n\n');
}

await runBench('retrieve', measure, markdown, { data: { type: 'string' }, model: { type: 'string' } });
