import { DuetError, type Progress } from '@duet/base';
import { createDuetClient, DuetClientError } from '@duet/client';
import { loadCatalogue, loadInteractions } from '@duet/datasets';
import { createApiKey, type Database, type Dataset, holdLock, revokeApiKey } from '@duet/db';
import { createExperiment, experimentReport, type Report, startExperiment, stopExperiment } from '@duet/experiments';
import { type Driven, drive } from './drive.ts';
import { type OnlineTable, onlineTable } from './online-table.ts';
import { drawShoppers, mostShoppers } from './shoppers/shoppers.ts';
import { lastDays, type Period, timeline, type Visit } from './shoppers/timeline.ts';
import { holdOut, unseenSplit } from './world/held-out.ts';
import { createWorld, type World, worldDefaults } from './world/world.ts';

export interface SimulateContext {
  db: Database;
  dataDir: string;
  /** The retrieval service's address. */
  url: string;
  progress: Progress;
  signal: AbortSignal;
  now: () => Date;
  /** What people should know while it runs, a line at a time. */
  say: (line: string) => void;
}

export interface SimulateRequest {
  dataset: Dataset;
  /** Models of the two arms; the same one twice is an A/A test. */
  control: { id: string; name: string };
  treatment: { id: string; name: string };
  /** Name of the experiment. */
  name: string;
  seed: number;
  /** By default all that the data allow. */
  shoppers: number | undefined;
  /** Visits of the mean shopper in a week. */
  visits: number;
  days: number;
  /** Beginning of the first day; by default so that the last one ends at the last midnight, UTC. */
  start: Date | undefined;
  /** Items that a page shows. */
  page: number;
  concurrency: number;
}

export interface Simulated {
  /** So that nobody mistakes the file for a measurement. */
  simulated: true;
  aa: boolean;
  experiment: { id: string; name: string };
  dataset: string;
  split: string;
  seed: number;
  period: { from: string; days: number; stoppedAt: string | null };
  shoppers: { returning: number; new: number };
  visits: number;
  /** Visits that the service answered outside the experiment, as it does for its holdout. */
  visitsOutside: number;
  events: Driven['events'];
  refused: { events: number; reasons: string[] };
  seconds: number;
  /** What was fitted to the data: slopes of the choices, visit rates, quantities. */
  world: object;
  table: OnlineTable;
  /** Whether Duet's own report counts what the shoppers did. */
  reportAgrees: boolean;
  /** What Duet's report says was found. */
  finding: string;
}

const dayMs = 86_400_000;
/** As the audit log names who made and ended the experiment. */
const actor = 'simulator';
/** A simulator stands for a whole shop; `concurrency` is what holds it back. */
const ownRate = { rateLimit: 100_000, rateBurst: 100_000 };

/**
 * A week in the life of the shop, on the service that runs: makes a simulated experiment between two models, sends
 * shoppers whose tastes no arm has seen, logs what they do under simulated times, and compares Duet's report of it with
 * the simulation's own books. Real shoppers never meet the experiment, and its events count nowhere else.
 *
 * A stopped simulation (`signal`) ends its experiment where it came to, with everything logged.
 *
 * @throws DuetError `conflict` where an arm has seen what shoppers' tastes are made of, or another simulation runs;
 * `unavailable` where the service does not take the experiment up
 */
export async function simulate(ctx: SimulateContext, request: SimulateRequest): Promise<Simulated> {
  const { db, dataDir, url, progress, now, say } = ctx;
  const { dataset, control, treatment, seed, days, visits: visitsPerWeek } = request;
  const began = performance.now();
  const period = periodOf(request, now());
  await requireService(url);
  const { split, snapshotId } = await unseenSplit(db, dataset, [control.id, treatment.id]);
  await using _alone = await requireAlone(db, say);

  progress({ step: 'fit shoppers', done: 0, total: 0, unit: 'customers' });
  const [interactions, catalogue] = await Promise.all([
    loadInteractions({ db, dataDir }, dataset.id, snapshotId),
    loadCatalogue({ db, dataDir }, dataset.id, snapshotId),
  ]);
  const heldOut = holdOut(interactions, catalogue, split);
  const world = createWorld(heldOut, refundShare(dataset), seed, { ...worldDefaults, page: request.page });
  const most = mostShoppers(world);
  if (request.shoppers !== undefined && request.shoppers > most) {
    throw new DuetError('bad-input', `${request.shoppers} is more than the ${most} that the data allow.`, {
      where: { field: '--shoppers' },
      fix: `Each returning shopper is a real customer who bought before and after the cut of ${split}. More visits each (--visits) give more clicks.`,
    });
  }
  const shoppers = drawShoppers(world, request.shoppers ?? most, seed);
  const visits = timeline(shoppers, world.habits, period, visitsPerWeek, seed);
  progress({ step: 'fit shoppers', done: shoppers.length, total: shoppers.length, unit: 'customers' });
  const newcomers = shoppers.filter(({ isNew }) => isNew).length;
  say(`${shoppers.length} shoppers (${newcomers} of them new) come ${visits.length} times in ${days} simulated days.`);

  const experiment = await openExperiment(db, request, period);
  const { driven, reasons } = await live(ctx, request, experiment, { world, visits, period });

  const arms = experiment.arms.map(({ id, name }) => ({ id, name })) as [Arm, Arm];
  const table = onlineTable(driven.tally, arms, dataset.currency);
  const report = await experimentReport(db, experiment.id);
  const finished = driven.visits === visits.length;
  return {
    simulated: true,
    aa: control.id === treatment.id,
    experiment: { id: experiment.id, name: experiment.name },
    dataset: dataset.name,
    split,
    seed,
    period: {
      from: new Date(period.startMs).toISOString(),
      days,
      stoppedAt: finished ? null : new Date(driven.throughMs).toISOString(),
    },
    shoppers: { returning: shoppers.length - newcomers, new: newcomers },
    visits: driven.visits,
    visitsOutside: driven.outside,
    events: driven.events,
    refused: { events: [...reasons.values()].reduce((sum, n) => sum + n, 0), reasons: [...reasons.keys()] },
    seconds: (performance.now() - began) / 1000,
    world: {
      ...world.choices,
      visits: world.habits.visits,
      quantity: world.habits.quantity,
      refunds: world.habits.refunds,
    },
    table,
    reportAgrees: agrees(report, table),
    finding: report.finding,
  };
}

/** Sends the shoppers through the service, with a key of their own; the experiment ends with them, whatever happens. */
async function live(
  { db, url, progress, signal, now }: SimulateContext,
  { dataset, seed, days, concurrency }: SimulateRequest,
  experiment: { id: string; name: string },
  { world, visits, period }: { world: World; visits: Visit[]; period: Period },
): Promise<{ driven: Driven; reasons: Map<string, number> }> {
  const reasons = new Map<string, number>();
  const name = `simulation ${experiment.name}`;
  const scopes = ['retrieve', 'events', 'orders', 'simulate'] as const;
  const key = await createApiKey(db, { name, datasetId: dataset.id, scopes: [...scopes], ...ownRate }, { actor });
  const client = createDuetClient({
    url,
    apiKey: key.key,
    timeoutMs: 30_000,
    deadlineMs: 300_000,
    retry: { attempts: 10, baseDelayMs: 100, maxDelayMs: 5_000 },
    events: {
      batchSize: 1_000,
      flushAfterMs: 200,
      capacity: 100_000,
      onDrop: (events, reason) => reasons.set(reason, (reasons.get(reason) ?? 0) + events.length),
    },
  });
  try {
    await untilServed(client, experiment.id, signal);
    const experimentId = experiment.id;
    const untilMs = now().getTime();
    const driven = await drive({ client, world, visits, experimentId, seed, progress, signal, concurrency, untilMs });
    return { driven, reasons };
  } catch (error) {
    throw error instanceof DuetClientError ? new DuetError('unavailable', error.message, { cause: error }) : error;
  } finally {
    await client.close();
    await stopExperiment(db, experiment.id, { actor, now: new Date(period.startMs + days * dayMs) });
    await revokeApiKey(db, key.id, { actor });
  }
}

interface Arm {
  id: string;
  name: string;
}

/** Whole days, since reports are by day: those from the start, or the last ones that are over. */
function periodOf({ start, days }: Pick<SimulateRequest, 'start' | 'days'>, now: Date): Period {
  if (start === undefined) return lastDays(now, days);
  const startMs = start.getTime();
  if (startMs + days * dayMs > now.getTime()) {
    throw new DuetError('bad-input', `${days} days from ${start.toISOString()} are not over yet.`, {
      where: { field: '--start' },
      fix: 'Events from the future are refused: let the simulated days end before now.',
    });
  }
  return { startMs, days };
}

/** Share of the purchase lines that came back, as the importer counted. */
function refundShare({ summary }: Dataset): number {
  const { interactions } = summary as { interactions?: { kept: number; cancellations: { rows: number } } };
  return interactions === undefined ? 0 : Math.min(1, interactions.cancellations.rows / interactions.kept);
}

/**
 * One simulation at a time, since its shoppers would be dealt into another's experiment; ends what a killed one left.
 */
async function requireAlone(db: Database, say: (line: string) => void): Promise<AsyncDisposable> {
  const alone = await holdLock(db, 'duet simulation');
  if (alone === undefined) {
    throw new DuetError('conflict', 'Another simulation is running on this database.', {
      fix: 'Wait until it is done.',
    });
  }
  const left = await db.prisma.experiment.findMany({ where: { simulated: true, status: 'running' } });
  for (const { id, name } of left) {
    await stopExperiment(db, id, { actor });
    say(`Stopped ${name}, which a simulation that was killed had left running.`);
  }
  return alone;
}

async function openExperiment(db: Database, request: SimulateRequest, { startMs, days }: Period) {
  const { dataset, control, treatment, name, seed } = request;
  const aa = control.id === treatment.id;
  const arms = [
    { name: control.name, modelId: control.id, weight: 0.5, control: true },
    { name: aa ? `${treatment.name} again` : treatment.name, modelId: treatment.id, weight: 0.5 },
  ];
  const input = {
    name,
    datasetId: dataset.id,
    // The same shoppers are dealt into the same arms whenever the seed is the same.
    seed: `simulation/${seed}`,
    simulated: true,
    settings: { plannedDays: days, hypothesis: 'Simulated: says nothing of real shoppers.' },
    arms,
  };
  const author = { actor, now: new Date(startMs) };
  const { id } = await createExperiment(db, input, { actor });
  return startExperiment(db, id, author);
}

/** @throws DuetError `unavailable` where nothing answers, before anything is made */
async function requireService(url: string): Promise<void> {
  await createDuetClient({ url })
    .health()
    .catch((cause: Error) => {
      throw new DuetError('unavailable', cause.message, { fix: 'npx duet start runs it; --url names another.', cause });
    });
}

/** The service looks at the database every other second. */
const patienceMs = 30_000;

async function untilServed(
  client: ReturnType<typeof createDuetClient>,
  experimentId: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const { experiments } = await client.health();
    if (experiments.some(({ id }) => id === experimentId)) return;
    if (performance.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new DuetError('unavailable', `The service has not taken the experiment up in ${patienceMs / 1000} s.`, {
    fix: 'Its /health says what it serves: it must run on this database, and serve this dataset.',
  });
}

/** Whether Duet's report has the users, impressions, clicks and GMV that the simulation's own books have. */
function agrees(report: Report, { rows }: OnlineTable): boolean {
  const all = rows.at(-1)!;
  return report.arms.every((arm, i) => {
    const { users, impressions, clicks, gmvMinor } = all.arms[i]!;
    return arm.users === users && arm.impressions === impressions && arm.clicks === clicks && arm.gmvMinor === gmvMinor;
  });
}
