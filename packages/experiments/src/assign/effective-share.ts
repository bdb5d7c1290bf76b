import type { Database, Experiment } from '@duet/db';
import { parseSettings } from '../plan/experiment-settings.ts';
import { type AssignableExperiment, buckets, hashedArm } from './assign-user.ts';
import { freeSlice } from './layer-slice.ts';

/** As many made-up users tell a share to about one in a hundred. */
const sampled = 10_000;

/**
 * The share of all users that each experiment gets, by dealing out users as the service does: those that started first
 * come first in the list. Who a targeting means is not known beforehand, so an experiment counts as if it met
 * everybody, and leaves to those after it what a targeting may not take.
 *
 * @returns shares from 0 to 1, in the order of the experiments
 */
export function effectiveShares(experiments: readonly AssignableExperiment[]): number[] {
  const counts = experiments.map(() => 0);
  const untargeted = experiments.map((experiment) => ({
    ...experiment,
    settings: { ...experiment.settings, targeting: [] },
  }));
  for (let i = 0; i < sampled; i++) {
    for (const [place, experiment] of untargeted.entries()) {
      if (typeof hashedArm(experiment, { userId: `sampled ${i}` }) === 'string') continue;
      counts[place]!++;
      if (experiments[place]!.settings.targeting.length === 0) break;
    }
  }
  return counts.map((count) => count / sampled);
}

/**
 * The share of all users that each running experiment of a dataset gets, by its id, and what another one would get that
 * started now.
 */
export async function sharesOfRunning(
  { prisma }: Pick<Database, 'prisma'>,
  { datasetId, simulated, candidate }: { datasetId: string; simulated: boolean; candidate?: Experiment },
): Promise<Map<string, number>> {
  const include = { arms: true, dataset: { select: { holdout: true } } };
  const running = await prisma.experiment.findMany({
    where: { datasetId, simulated, status: 'running', ...(candidate && { id: { not: candidate.id } }) },
    orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
    include,
  });
  const next = candidate && (await prisma.experiment.findUniqueOrThrow({ where: { id: candidate.id }, include }));
  const all = [...running, ...(next ? [{ ...next, ...sliceFor(next, running) }] : [])].map((experiment) => ({
    ...experiment,
    holdout: experiment.dataset.holdout,
    settings: parseSettings(experiment.settings),
  }));
  const shares = effectiveShares(all);
  return new Map(all.map(({ id }, place) => [id, shares[place]!]));
}

/** The slice of its layer that an experiment would be given; an empty one where none is left. */
function sliceFor({ layer, settings }: Experiment, running: readonly Experiment[]) {
  if (layer === null) return {};
  const held = running.flatMap((other) =>
    other.layer === layer ? [{ layerFrom: other.layerFrom!, layerTo: other.layerTo! }] : [],
  );
  const size = Math.max(1, Math.round(parseSettings(settings).layerShare * buckets));
  return freeSlice(held, size) ?? { layerFrom: 0, layerTo: 0 };
}
