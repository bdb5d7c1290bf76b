/**
 * `npm run bench:living`: replays the last eight weeks of online-retail night by night, and asks what it is worth to
 * train again. Each policy's model of the night is judged on the next day: what its buyers bought that they had not
 * had, among everything that was sold by then.
 *
 *   frozen        trained once, before the first night
 *   weekly        trained from nothing every seventh night
 *   nightly-full  trained from nothing every night
 *   nightly-warm every night from the weights of the night before, with a third of the epochs, and a full one every
 *   14th
 *
 * All policies hear at once what users bought since their training. CPU seconds are the training process's alone.
 *
 *   --kind two-tower  --preset fast  --nights 56
 *   --users 8         every eighth user alone, some ten minutes of one core; 1 is all of them, eight times as long
 *   --quick           two nights of the most active users with a short training, to see that everything works
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openExecutor, openModel } from '@duet/artifact';
import { repositoryRoot } from '@duet/base';
import { type Interactions, importDataset, loadInteractions, readImportRequest } from '@duet/datasets';
import { createTestDatabase } from '@duet/db/testing';
import { isTower, resolveSettings } from '@duet/models';
import { type TrainerContext, trainModel } from '@duet/trainer';
import { type Results, runBench, say, table } from './bench.ts';
import { firstSold, type JudgedDay, judgeDay } from './living/next-day.ts';
import { type Days, differencesOf, type Row, rowsOf } from './living/summary.ts';

const quick = process.argv.includes('--quick');
const livingOptions = {
  kind: { type: 'string', default: 'two-tower' },
  preset: { type: 'string', default: 'fast' },
  nights: { type: 'string', default: quick ? '2' : '56' },
  users: { type: 'string', default: '8' },
} as const;

interface LivingResults extends Results {
  rows: Row[];
}

const day = 86_400;
/** More than a hundred trainings are to take minutes: towers, negatives and histories are a fraction of the preset's. */
const smaller = { layers: [64, 32], negatives: 128, history: 30 };
const fullEvery = 14;
const warmShare = 1 / 3;

/** How a policy makes the model of the n-th night, counted from 0, of the one before; undefined: it keeps that one. */
type Policy = (night: number) => 'full' | 'warm' | undefined;
const policies: Record<string, Policy> = {
  frozen: (night) => (night === 0 ? 'full' : undefined),
  weekly: (night) => (night % 7 === 0 ? 'full' : undefined),
  'nightly-warm': (night) => (night % fullEvery === 0 ? 'full' : 'warm'),
  'nightly-full': () => 'full',
};

/** The split whose training part is everything before a moment. */
function splitBefore(sorted: Float64Array, moment: number): string {
  const before = sorted.findIndex((time) => time >= moment);
  return `time:${(before - 0.5) / (sorted.length - 1)}`;
}

interface Replay {
  ctx: TrainerContext;
  datasetId: string;
  interactions: Interactions;
  training: { kind: string; preset: string; set: Record<string, unknown>; epochs: number | undefined };
}

/** Trains what a night asks for, each once: the same training serves every policy that wants it. */
function trainer({ ctx, datasetId, interactions, training }: Replay) {
  const times = interactions.time.toSorted();
  const { epochs, ...request } = training;
  const trained = new Map<string, Promise<{ modelId: string; cpuSeconds: number }>>();
  return (midnight: number, from: string | undefined) => {
    const key = `${midnight} ${from ?? ''}`;
    const train = async () => {
      const start = process.cpuUsage();
      const shorter =
        from === undefined || epochs === undefined ? {} : { epochs: Math.max(1, Math.round(epochs * warmShare)) };
      const { modelId } = await trainModel(ctx, {
        ...{ datasetId, ...request, set: { ...request.set, ...shorter }, split: splitBefore(times, midnight), from },
        // It is judged by the next day, here.
        evaluationUsers: 1,
      });
      const { user, system } = process.cpuUsage(start);
      return { modelId, cpuSeconds: (user + system) / 1e6 };
    };
    const known = trained.get(key) ?? train();
    trained.set(key, known);
    return known;
  };
}

async function replay(setUp: Replay, nights: number): Promise<Pick<LivingResults, 'rows' | 'metrics'>> {
  const { ctx, interactions } = setUp;
  const train = trainer(setUp);
  const sold = firstSold(interactions);
  const last = interactions.time.reduce((a, b) => Math.max(a, b), 0);
  const end = Math.floor(last / day) * day;
  const midnights = Array.from({ length: nights }, (_, night) => end - (nights - 1 - night) * day);
  const judgements = new Map<string, JudgedDay>();
  const rows: Row[] = [];
  const cpuSeconds: Record<string, number> = {};
  let frozen: Days | undefined;
  for (const [policy, makes] of Object.entries(policies)) {
    const days: { day: string; judged: JudgedDay }[] = [];
    let modelId: string | undefined;
    let spent = 0;
    for (const [night, midnight] of midnights.entries()) {
      const how = makes(night);
      if (how !== undefined || modelId === undefined) {
        const made = await train(midnight, how === 'warm' ? modelId : undefined);
        modelId = made.modelId;
        spent += made.cpuSeconds;
      }
      const key = `${modelId} ${midnight}`;
      const known = judgements.get(key);
      await using model = known === undefined ? await openModel(ctx.dataDir, modelId, ctx.executor) : undefined;
      const judged = known ?? (await judgeDay(model!, interactions, sold, midnight));
      judgements.set(key, judged);
      const name = new Date(midnight * 1000).toISOString().slice(0, 10);
      // A shop that is closed has nobody to judge by.
      if (judged.users.length > 0) days.push({ day: name, judged });
      say(`${policy} ${name}: ${judged.users.length} buyers, ${how ?? 'the model of before'}`);
    }
    // The first policy is the frozen model, which the others are compared with.
    frozen ??= days;
    rows.push(...rowsOf(policy, days), ...(frozen === days ? [] : differencesOf(policy, days, frozen)));
    cpuSeconds[policy] = spent / nights;
  }
  return { rows, metrics: { cpu_s_per_night: cpuSeconds } };
}

async function measure(flags: Record<'kind' | 'preset' | 'nights' | 'users', string>): Promise<LivingResults> {
  const [nights, nth] = [Number(flags.nights), Number(flags.users)];
  await using db = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'duet-living-'));
  try {
    const request = await readImportRequest(path.join(repositoryRoot(), 'examples/online-retail/import.json'));
    const part = quick ? { kCore: { user: 200, item: 5 } } : { where: `CAST(user_id AS INTEGER) % ${nth} = 0` };
    const { datasetId } = await importDataset({ db, dataDir }, { ...request, ...part });
    const ctx = { db, dataDir, executor: await openExecutor({ executor: undefined, threads: 1 }) };
    const set = quick ? { epochs: 1, negatives: 64 } : smaller;
    const settings = resolveSettings(flags.kind, flags.preset, set);
    const epochs = isTower(settings) ? settings.epochs : undefined;
    const interactions = await loadInteractions(ctx, datasetId);
    const training = { kind: flags.kind, preset: flags.preset, set, epochs };
    const found = await replay({ ctx, datasetId, interactions, training }, nights);
    const params = {
      kind: flags.kind,
      preset: flags.preset,
      set,
      nights,
      everyNthUser: quick ? null : nth,
      warmShare,
      fullEvery,
    };
    return { params, ...found, peers: {}, ratios: ratiosOf(found.rows) };
  } finally {
    await rm(dataDir, { recursive: true });
  }
}

/** Each policy's value over that of the frozen model, all days together. */
function ratiosOf(rows: readonly Row[]): Record<string, number | null> {
  const of = (policy: string, metric: string) =>
    rows.find((row) => row.policy === policy && row.metric === metric && row.day === 'all')?.value;
  return Object.fromEntries(
    Object.keys(policies).flatMap((policy) =>
      ['HR@50', 'MRR'].map((metric) => {
        const [value, frozen] = [of(policy, metric), of('frozen', metric)];
        return [`${policy} ${metric} over frozen`, value === undefined || !frozen ? null : value / frozen];
      }),
    ),
  );
}

function markdown({ rows, metrics, params }: LivingResults): string {
  const metricsOfDay = ['HR@50', 'MRR', 'HR@50 new', 'MRR new', 'new items shown'];
  const cell = (policy: string, metric: string) => {
    const row = rows.find((one) => one.policy === policy && one.metric === metric && one.day === 'all');
    return row === undefined ? '–' : `${row.value.toFixed(4)} (${row.low.toFixed(4)} – ${row.high.toFixed(4)})`;
  };
  const spent = metrics.cpu_s_per_night as Record<string, number>;
  const compared = ['HR@50 over frozen', 'MRR over frozen', 'HR@50 new over frozen'];
  return [
    `The next day’s purchases by the model of each night, ${JSON.stringify(params)}. Intervals are 95 % over users and days; "new" is of items that were first sold in the seven days up to the day.`,
    table(
      ['policy', ...metricsOfDay, 'CPU s a night'],
      Object.keys(policies).map((policy) => [
        policy,
        ...metricsOfDay.map((metric) => cell(policy, metric)),
        spent[policy]!.toFixed(1),
      ]),
    ),
    'Differences from the frozen model, by the same users on the same days:',
    table(
      ['policy', ...compared],
      Object.keys(policies)
        .slice(1)
        .map((policy) => [policy, ...compared.map((metric) => cell(policy, metric))]),
    ),
  ].join('\n\n');
}

await runBench('living', measure, markdown, livingOptions, quick ? 'living-quick' : 'living');
