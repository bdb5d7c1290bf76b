import { storefrontOf } from '@duet/datasets';
import { EventType } from '@duet/db';
import { erasuresOf, remaining } from '@duet/experiments';
import { database } from '#data/services.ts';

/** What had rows of a customer, as people call it. */
const names: Record<string, string> = {
  Event: 'events',
  RollupUserDay: 'sums by day',
  InterleavedUserDay: 'sums by day of interleavings',
  RollupUser: 'experiments’ entries',
  UserAlias: 'ids from before a log-in',
  Experiment: 'experiments’ lists',
  ExperimentPhase: 'phases’ lists',
  AuditLog: 'changes written down',
  interactions: 'interactions of the data',
  pending: 'interactions that a server had sent',
  attributes: 'rows of attributes',
  rejected: 'rejected rows',
  anonymised: 'older snapshots made nameless',
  bulk: 'files of lists',
  logs: 'mentions in logs',
};

/** Who was forgotten in a dataset, with the proof, and how long each type of event is kept. */
export async function privacyOf(datasetId: string) {
  const db = await database();
  const [erasures, { keepDays, eventTypes }] = await Promise.all([
    erasuresOf(db, datasetId),
    storefrontOf(db, datasetId),
  ]);
  const types = [...Object.values(EventType).filter((type) => type !== 'own'), ...eventTypes.map(({ name }) => name)];
  return {
    erasures: erasures.map(({ removed, left, remaining: stays, ...erasure }) => ({
      ...erasure,
      removed: Object.entries(removed as Record<string, number>).flatMap(([what, n]): [string, number][] =>
        n > 0 && what in names ? [[names[what]!, n]] : [],
      ),
      left: Object.values(left as Record<string, number>).reduce((sum, n) => sum + n, 0),
      remaining: remaining.parse(stays),
    })),
    types: types.map((name) => ({ name, days: keepDays[name] })),
  };
}

export type ListedErasure = Awaited<ReturnType<typeof privacyOf>>['erasures'][number];
