/**
 * `npm run bench:train`: training speed of Duet's executors against PyTorch on the same CPU, same model, same batches,
 * same synthetic data of 100 thousand users × 100 thousand items, in alternating rounds; what share of the machine's
 * matrix-product peak that is; memory; the step's time against the size of the embedding table; and the seconds until a
 * model of real data is good.
 *
 *   -- --data FOLDER   where ml-1m and amazon-beauty are (or DUET_BENCH_DATA)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { benchData, type Flags, median, type Results, runBench, say, table } from './bench.ts';
import { Contender, isCalm } from './contender.ts';
import { disagreement } from './train/agreement.ts';
import { synthesize, writeSynthetic } from './train/data.ts';
import { flopsPerStep, modelOf, type ShapeName, settingsOf, shapes } from './train/model.ts';
import {
  howToInstall,
  type MatmulSpeed,
  openPytorch,
  type PytorchSetup,
  pytorchIsHere,
  tuneBlas,
  tunePytorch,
} from './train/pytorch.ts';
import { qualitySettings, type TimeToQuality, timeToQuality } from './train/time-to-quality.ts';

const cores = os.availableParallelism();
const positivesPerUser = 10;

interface Trained {
  steps: number;
  examples: number;
  items: number;
  seconds: number;
  loss: number;
  /** Duet: milliseconds of each part of a step. */
  parts?: Record<string, number>;
  /** Cores that other programs used meanwhile; undefined where the system does not tell. */
  others: number | undefined;
}

interface Memory {
  rssMb: number;
  peakMb: number;
  tablesMb?: number;
  stateMb?: number;
}

/** One contender's rounds on one shape. Rates are medians over rounds; `best` is the fastest round. */
interface Timed {
  examplesPerS: number;
  itemsPerS: number;
  bestExamplesPerS: number;
  stepMs: number;
  /** Of the fastest round, as the peak is that of the fastest product. */
  gflops: number;
  rounds: number[];
  /** Cores that other programs used meanwhile. */
  others: number | null;
  parts?: Record<string, number>;
  memory: Memory;
}

interface ShapeResults {
  contenders: Record<string, Timed>;
  /** Contenders that could not run, and why. */
  failed: Record<string, string>;
  pytorch: PytorchSetup | undefined;
  profile: { name: string; ms: number; calls: number }[] | undefined;
  duetThreads: number;
  /** How far Duet's and PyTorch's loss and gradients are apart on equal weights. */
  disagreement: number | undefined;
  gflopPerStep: number;
}

interface TableRow {
  rows: number;
  stepMs: number;
  parts: Record<string, number>;
  rssMb: number;
}

interface TrainResults extends Results {
  metrics: {
    examples_per_s: number;
    share_of_matmul_peak: number;
    rss_mb: number;
    rss_limit_mb: number;
    matmul_peak_gflops: number;
    matmul_gflops: { onnxruntime: Record<string, number>; openblas: MatmulSpeed | undefined };
    table_rows: TableRow[];
    time_to_quality: Record<string, TimeToQuality>;
    shapes: Record<ShapeName, ShapeResults>;
  };
}

const openDuet = (...args: (string | number)[]) =>
  new Contender(process.execPath, [path.join(import.meta.dirname, 'train/duet.ts'), ...args.map(String)]);

/** Median over paired rounds; a contender that sat rounds out is compared by its median. */
function ratioOf(a: Timed | undefined, b: Timed | undefined): number | null {
  if (!a || !b) return null;
  if (a.rounds.length !== b.rounds.length) return a.examplesPerS / b.examplesPerS;
  return median(a.rounds.map((rate, round) => rate / b.rounds[round]!));
}

/** The thread count at which Duet trains this shape fastest. */
async function tuneDuet(folder: string, shape: ShapeName, seconds: number): Promise<number> {
  let best = { threads: 1, speed: 0 };
  for (const threads of new Set([1, cores])) {
    await using duet = openDuet(folder, 'onnx', threads, shape);
    await duet.ask({ do: 'train', seconds });
    const speed = await duet.speed(seconds);
    if (speed > best.speed) best = { threads, speed };
  }
  return best.threads;
}

async function timeShape(
  shape: ShapeName,
  folder: string,
  blas: NodeJS.ProcessEnv | undefined,
  flags: Flags,
  measurePeak: () => Promise<void>,
): Promise<ShapeResults> {
  const seconds = flags.quick ? 0.6 : 1.2;
  const settings = settingsOf(shape);
  const flops = flopsPerStep(modelOf(settings));
  const gflopPerStep = (flops.dense + flops.scores) / 1e9;
  say(`${shape}: batch ${settings.batch}, ${settings.negatives} negatives`);
  const duetThreads = await tuneDuet(folder, shape, seconds / 3);
  say(`  Duet is fastest on ${duetThreads} of ${cores} threads`);
  const pytorch = blas
    ? await tunePytorch(folder, shape, blas, { seconds: seconds / 4, threadsOnly: flags.quick })
    : undefined;
  if (pytorch) say(`  PyTorch is fastest with ${JSON.stringify(pytorch.options)}`);

  await using stack = new AsyncDisposableStack();
  const contenders = new Map<string, Contender>();
  contenders.set('onnx', stack.use(openDuet(folder, 'onnx', duetThreads, shape)));
  let apart: number | undefined;
  if (pytorch) {
    const peer = stack.use(openPytorch([folder], pytorch.env));
    apart = await disagreement(shape, peer);
    await peer.ask({ do: 'open', model: modelOf(settings), options: pytorch.options });
    contenders.set('pytorch', peer);
  }
  contenders.set('tfjs', stack.use(openDuet(folder, 'tfjs', 1, shape)));

  const failed: Record<string, string> = {};
  const turn = async (name: string, time: number): Promise<Trained | undefined> => {
    const contender = contenders.get(name);
    if (!contender) return undefined;
    try {
      return await contender.turn<Trained>({ do: 'train', seconds: time });
    } catch (error) {
      failed[name] = (error as Error).message.slice(0, 300);
      contenders.delete(name);
      return undefined;
    }
  };
  // The first step compiles the graph, or faults in its memory.
  for (const name of [...contenders.keys()]) await turn(name, name === 'tfjs' ? 0.01 : seconds / 2);
  const roundsNeeded = flags.quick ? 2 : 4;
  const all: Record<string, Trained>[] = [];
  const allCalm = (round: Record<string, Trained>) => Object.values(round).every(isCalm);
  for (let round = 0; round < roundsNeeded + 2 && all.filter(allCalm).length < roundsNeeded; round++) {
    await measurePeak();
    const taken: Record<string, Trained> = {};
    for (const name of [...contenders.keys()]) {
      // The reference executor is many times slower; one round tells how many.
      const trained = name === 'tfjs' && round > 0 ? undefined : await turn(name, seconds);
      if (trained) taken[name] = trained;
    }
    all.push(taken);
    const speeds = Object.entries(taken).map(([name, x]) => `${name} ${Math.round(x.examples / x.seconds)}`);
    say(
      `  round ${round + 1}: ${speeds.join(', ')} examples/s${allCalm(taken) ? '' : ' (disturbed by other programs)'}`,
    );
  }
  const calm = all.filter(allCalm);
  // On a machine that is never calm, every round counts.
  const counted = calm.length >= 2 ? calm : all;
  const results = new Map(
    ['onnx', 'pytorch', 'tfjs'].map((name) => [
      name,
      (name === 'tfjs' ? all : counted).flatMap((round) => round[name] ?? []),
    ]),
  );
  const timed: Record<string, Timed> = {};
  for (const [name, rounds] of results) {
    const contender = contenders.get(name);
    if (contender && rounds.length > 0)
      timed[name] = summarise(rounds, gflopPerStep, await contender.ask<Memory>({ do: 'memory' }));
  }
  const profile = contenders.has('pytorch') && !flags.quick ? await profileOf(contenders.get('pytorch')!) : undefined;
  return { contenders: timed, failed, pytorch, profile, duetThreads, disagreement: apart, gflopPerStep };
}

const profileOf = async (peer: Contender) =>
  (await peer.ask<{ ops: { name: string; ms: number; calls: number }[] }>({ do: 'profile', seconds: 1 })).ops;

function summarise(all: Trained[], gflopPerStep: number, memory: Memory): Timed {
  const rounds = all.map(({ examples, seconds }) => examples / seconds);
  const stepMs = median(all.map(({ seconds, steps }) => (1000 * seconds) / steps));
  const parts = all[0]!.parts && partsOf(all);
  return {
    examplesPerS: median(rounds),
    itemsPerS: median(all.map(({ items, seconds }) => items / seconds)),
    bestExamplesPerS: Math.max(...rounds),
    stepMs,
    gflops: gflopPerStep * Math.max(...all.map(({ steps, seconds }) => steps / seconds)),
    rounds,
    others: all[0]!.others === undefined ? null : median(all.map(({ others = 0 }) => others)),
    ...(parts && { parts }),
    memory,
  };
}

const partsOf = (all: Trained[]) =>
  Object.fromEntries(Object.keys(all[0]!.parts!).map((part) => [part, median(all.map(({ parts }) => parts![part]!))]));

/** Step time with tables of several sizes, in turns. */
async function timeTables(flags: Flags): Promise<TableRow[]> {
  const sizes = flags.quick ? [10_000, 1_000_000] : [10_000, 1_000_000, 10_000_000];
  say(`step time against table size: ${sizes.join(', ')} rows`);
  await using stack = new AsyncDisposableStack();
  const contenders = sizes.map((rows) => stack.use(openDuet('-', 'onnx', 1, 'rows', rows)));
  const results: Trained[][] = sizes.map(() => []);
  // Long enough that most pages of the largest table's optimiser state have been touched once.
  for (const [i, contender] of contenders.entries()) {
    await contender.ask({ do: 'train', seconds: sizes[i]! > 1_000_000 ? 5 : 0.5 });
  }
  for (let round = 0; round < (flags.quick ? 1 : 4); round++) {
    for (const [i, contender] of contenders.entries()) {
      results[i]!.push(await contender.ask<Trained>({ do: 'train', seconds: flags.quick ? 0.5 : 1 }));
    }
  }
  return Promise.all(
    contenders.map(async (contender, i) => ({
      rows: sizes[i]!,
      stepMs: median(results[i]!.map(({ seconds, steps }) => (1000 * seconds) / steps)),
      parts: partsOf(results[i]!),
      rssMb: (await contender.ask<Memory>({ do: 'memory' })).rssMb,
    })),
  );
}

/** ONNX Runtime's matrix product, 2048³, by thread count. */
async function onnxruntimePeak(seconds: number): Promise<Record<string, number>> {
  const peak: Record<string, number> = {};
  for (const threads of new Set([1, cores])) {
    await using duet = openDuet('-', 'onnx', threads, 'rows', 1000);
    peak[threads] = (await duet.ask<{ gflops: number }>({ do: 'matmul', m: 2048, k: 2048, n: 2048, seconds })).gflops;
  }
  return peak;
}

async function measure(flags: Flags & { data: string }): Promise<TrainResults> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'duet-bench-'));
  try {
    const [users, items] = [100_000, 100_000];
    await writeSynthetic(folder, synthesize(users, items, positivesPerUser, 1));
    const here = pytorchIsHere();
    if (!here) say(`PyTorch is not installed here, so it is left out. To compare with it: ${howToInstall}`);

    say('matrix products, the machine at its best');
    const blas = here ? await tuneBlas(flags.quick ? 0.04 : 0.2) : undefined;
    const onnxruntime = await onnxruntimePeak(flags.quick ? 0.5 : 1.5);
    say(`  ONNX Runtime: ${Math.round(onnxruntime[cores]!)} GFLOP/s on ${cores} threads`);

    // Between the rounds too: on a shared machine only the fastest of many products is the machine's own speed.
    await using peakers = new AsyncDisposableStack();
    const onnxPeak = peakers.use(openDuet('-', 'onnx', cores, 'rows', 1000));
    const openblas = blas && peakers.use(openPytorch([], { ...blas.env, OMP_WAIT_POLICY: 'passive' }));
    const size = { do: 'matmul', m: 2048, k: 2048, n: 2048, seconds: flags.quick ? 0.1 : 0.25 };
    const measurePeak = async () => {
      const { gflops } = await onnxPeak.ask<{ gflops: number }>(size);
      onnxruntime[cores] = Math.max(onnxruntime[cores]!, gflops);
      if (!blas || !openblas) return;
      const theirs = await openblas.ask<{ gflops: number }>({ ...size, threads: 1, blasThreads: cores });
      blas.large[cores] = Math.max(blas.large[cores]!, theirs.gflops);
    };
    const sigmoid = await timeShape('sigmoid', folder, blas?.env, flags, measurePeak);
    const softmax = await timeShape('softmax', folder, blas?.env, flags, measurePeak);
    const tableRows = await timeTables(flags);
    const quality: Record<string, TimeToQuality> = {};
    for (const dataset of ['ml-1m', 'amazon-beauty']) {
      const open = async (data: string, stack: AsyncDisposableStack) => {
        const contenders = new Map<string, Contender>();
        const duet = openDuet(data, 'onnx', softmax.duetThreads, 'softmax', JSON.stringify(qualitySettings));
        contenders.set('onnx', stack.use(duet));
        if (softmax.pytorch) {
          const peer = stack.use(openPytorch([data], softmax.pytorch.env));
          const model = { ...modelOf(settingsOf('softmax')), ...qualitySettings };
          await peer.ask({ do: 'open', model, options: softmax.pytorch.options });
          contenders.set('pytorch', peer);
        }
        return contenders;
      };
      const time = flags.quick ? { seconds: 4, turn: 2 } : { seconds: 40, turn: 2 };
      const found = await timeToQuality(dataset, flags.data, open, time);
      if (found) quality[dataset] = found;
    }

    const peak = Math.max(...Object.values(onnxruntime), ...Object.values(blas?.large ?? {}));
    const large = softmax.contenders.onnx!;
    const ratiosOf = ({ contenders }: ShapeResults, peer: string) => ratioOf(contenders.onnx, contenders[peer]);
    const lower = (a: number | null, b: number | null) => (a === null || b === null ? (a ?? b) : Math.min(a, b));
    const ratios = {
      pytorch_sigmoid: ratiosOf(sigmoid, 'pytorch'),
      pytorch_softmax: ratiosOf(softmax, 'pytorch'),
      tfjs_sigmoid: ratiosOf(sigmoid, 'tfjs'),
      tfjs_softmax: ratiosOf(softmax, 'tfjs'),
    };
    const { tablesMb = 0, stateMb = 0 } = large.memory;
    return {
      params: {
        users,
        items,
        positives: users * positivesPerUser,
        layers: [80, ...settingsOf('sigmoid').layers],
        shapes,
        quick: flags.quick,
        note: 'examples_per_s, share_of_matmul_peak and rss_mb are of the large batch (softmax), examples being positives; ratios.pytorch and ratios.tfjs are the lower of the two shapes. Ratios are medians of paired rounds.',
      },
      metrics: {
        examples_per_s: large.examplesPerS,
        share_of_matmul_peak: large.gflops / peak,
        rss_mb: large.memory.peakMb,
        rss_limit_mb: 1.2 * (tablesMb + stateMb) + 200,
        matmul_peak_gflops: peak,
        matmul_gflops: { onnxruntime, openblas: blas },
        table_rows: tableRows,
        time_to_quality: quality,
        shapes: { sigmoid, softmax },
      },
      peers: {
        pytorch: blas ? { blas: blas.blas, env: blas.env } : { install: howToInstall },
      },
      ratios: {
        pytorch: lower(ratios.pytorch_sigmoid, ratios.pytorch_softmax),
        tfjs: lower(ratios.tfjs_sigmoid, ratios.tfjs_softmax),
        ...ratios,
        ...Object.fromEntries(
          Object.entries(quality).map(([dataset, { contenders }]) => [
            `time_to_quality_${dataset}`,
            contenders.pytorch ? contenders.pytorch.seconds / contenders.onnx!.seconds : null,
          ]),
        ),
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const whole = (x: number) => Math.round(x).toLocaleString('en');
const two = (x: number | null) => (x === null ? '–' : x.toFixed(2));
const list = (parts: Record<string, number> | undefined) =>
  parts
    ? Object.entries(parts)
        .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
        .join(', ')
    : '';

function shapeReport(name: ShapeName, results: ShapeResults, peak: number, ratios: Record<string, number | null>) {
  const { loss, batch, negatives } = shapes[name];
  const rows = Object.entries(results.contenders).map(([contender, timed]) => [
    contender,
    whole(timed.examplesPerS),
    whole(timed.bestExamplesPerS),
    whole(timed.itemsPerS),
    timed.stepMs.toFixed(1),
    timed.gflops.toFixed(1),
    `${((100 * timed.gflops) / peak).toFixed(0)} %`,
    whole(timed.memory.peakMb),
    timed.others === null ? '' : `${timed.others.toFixed(1)} cores`,
    contender === 'onnx' ? '' : two(ratios[`${contender}_${name}`] ?? null),
    list(timed.parts),
  ]);
  const head = [
    '',
    'examples/s',
    'best round',
    'items/s',
    'step ms',
    'GFLOP/s',
    'of peak',
    'peak RSS MB',
    'others used',
    'Duet is × faster',
    'parts, ms',
  ];
  const notes = [
    `${results.gflopPerStep.toFixed(2)} GFLOP of matrix products a step. Duet on ${results.duetThreads} threads.`,
    results.pytorch && `PyTorch: ${JSON.stringify(results.pytorch.options)}, ${JSON.stringify(results.pytorch.env)}.`,
    results.disagreement !== undefined &&
      `Loss and gradients on equal weights differ by ${results.disagreement.toExponential(1)} (relative).`,
    ...Object.entries(results.failed).map(([contender, why]) => `${contender} did not run: ${why}`),
  ];
  const ops = (results.profile ?? []).slice(0, 12);
  const profile = ops.map(({ name: op, ms, calls }) => [op, ms.toFixed(2), calls.toFixed(1)]);
  return [
    `## ${loss}: ${batch} users, ${negatives} ${name === 'sigmoid' ? 'negatives each' : 'shared negatives'}`,
    table(head, rows),
    notes.filter(Boolean).join('\n'),
    ...(profile.length > 0 ? ["Where PyTorch's step goes:", table(['op', 'ms a step', 'calls'], profile)] : []),
  ].join('\n\n');
}

function report({ metrics, ratios }: TrainResults): string {
  const { matmul_gflops: speed, matmul_peak_gflops: peak } = metrics;
  const peaks = [
    ['ONNX Runtime 2048³', ...[1, cores].map((threads) => whole(speed.onnxruntime[threads]!))],
    ...(speed.openblas
      ? [['2048³', speed.openblas.large] as const, ...Object.entries(speed.openblas.model)].map(([name, by]) => [
          `OpenBLAS ${name}`,
          ...[1, cores].map((threads) => whole(by[threads]!)),
        ])
      : []),
  ];
  return [
    `Duet trains ${two(ratios.pytorch!)} × as fast as PyTorch at its best (the lower of the two shapes), and reaches ${(100 * metrics.share_of_matmul_peak).toFixed(0)} % of the matrix-product peak in the large batch.`,
    shapeReport('sigmoid', metrics.shapes.sigmoid, peak, ratios),
    shapeReport('softmax', metrics.shapes.softmax, peak, ratios),
    '## Memory',
    `Large batch: ${whole(metrics.rss_mb)} MB at the most; 1.2 × (tables + optimiser state) + 200 MB is ${whole(metrics.rss_limit_mb)} MB.`,
    '## Step time against table size',
    table(
      ['rows', 'step ms', 'parts, ms', 'RSS MB'],
      metrics.table_rows.map(({ rows, stepMs, parts, rssMb }) => [
        whole(rows),
        stepMs.toFixed(2),
        list(parts),
        whole(rssMb),
      ]),
    ),
    'Ids of 16 dims alone, no augmented vectors, Adam, batch 256 × (1 + 4), so that 10 million rows fit this machine.',
    '## Time to quality',
    ...Object.entries(metrics.time_to_quality).map(([dataset, { users, target, contenders }]) =>
      [
        `${dataset}, ${whole(users)} users of its validation: seconds of training until HR@50 is ${target.toFixed(4)}, 95 % of the lower of what both reach.`,
        table(
          ['', 'seconds', 'HR@50 in the end', 'Duet is × faster'],
          Object.entries(contenders).map(([name, { seconds, final }]) => [
            name,
            seconds.toFixed(1),
            final.toFixed(4),
            name === 'onnx' ? '' : two(ratios[`time_to_quality_${dataset}`] ?? null),
          ]),
        ),
      ].join('\n\n'),
    ),
    `Equal settings: ${JSON.stringify(qualitySettings)}, over those of the large batch; ranking the users is off the clock.`,
    '## Matrix products, GFLOP/s',
    table(['', '1 thread', `${cores} threads`], peaks),
  ].join('\n\n');
}

await runBench('train', measure, report, {
  data: { type: 'string', default: benchData },
});
