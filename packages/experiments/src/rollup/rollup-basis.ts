import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import { type ExperimentSettings, parseSettings, uncountedUsers } from '../plan/experiment-settings.ts';
import type { Attribution } from './attribution.ts';

/** What a user's sums depend on besides events. Where it changes, everything is summed afresh. */
export interface RollupBasis extends Attribution {
  phase: number;
  /** A user's GMV counts up to this in `gmvCappedMinor`; null for all of it. */
  gmvCapMinor: number | null;
}

/**
 * When an experiment's figures stand for good: the windows of the last exposure are over, and so is the time that late
 * events have. Undefined while it runs.
 */
export function closesAt(stoppedAt: Date | null, attribution: ExperimentSettings['attribution']): Date | undefined {
  if (stoppedAt === null) return undefined;
  const { clickWindowHours, orderWindowDays, lateHours } = attribution;
  return new Date(stoppedAt.getTime() + (Math.max(clickWindowHours, orderWindowDays * 24) + lateHours) * 3_600_000);
}

/**
 * @returns undefined for an experiment that has not started, or whose sums are final: its events may be gone
 * @throws DuetError `not-found`
 */
export async function rollupBasis({ prisma }: Database, experimentId: string): Promise<RollupBasis | undefined> {
  const found = await prisma.experiment.findUnique({
    where: { id: experimentId },
    include: {
      dataset: { select: { currency: true } },
      rollup: { select: { through: true } },
      arms: { where: { weight: 0 }, orderBy: { id: 'asc' } },
    },
  });
  if (!found) throw new DuetError('not-found', `There is no experiment ${experimentId}.`);
  const { datasetId, dataset, design, simulated, phase, phaseStartedAt } = found;
  if (phaseStartedAt === null) return undefined;
  const settings = parseSettings(found.settings);
  const closes = closesAt(found.stoppedAt, settings.attribution);
  if (closes && found.rollup && found.rollup.through >= closes) return undefined;
  return {
    ...{ experimentId, datasetId, currency: dataset.currency, simulated, phase, phaseStartedAt },
    // Users in an arm that never had a share are a fault of the assignment, which the split's check has to see.
    retiredArms: phase > 1 ? found.arms.map(({ id }) => id) : [],
    interleaved: design === 'interleaving',
    ...settings.attribution,
    gmvCapMinor: settings.gmvCapMinor,
    excludedUsers: [...uncountedUsers(settings)].sort(),
  };
}
