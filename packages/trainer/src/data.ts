import { DuetError } from '@duet/base';
import {
  type Catalogue,
  findSnapshot,
  type ImportSummary,
  type Interactions,
  loadCatalogue,
  loadInteractions,
  loadUsers,
  type UserTable,
} from '@duet/datasets';
import type { Database, Dataset, Snapshot } from '@duet/db';

/** One imported dataset in memory, as training and evaluation read it. */
export interface TrainingData {
  /** With the fingerprint of the snapshot. */
  dataset: Dataset;
  snapshot: Snapshot;
  interactions: Interactions;
  catalogue: Catalogue;
  users: UserTable;
}

/**
 * The split that models are trained on and judged by unless the caller says otherwise: the file's own, else the one
 * that asks most of what the data know of time.
 */
export function defaultSplit({ summary }: Pick<Dataset, 'summary'>): string {
  const { split = false, clock = 'time' } = summary as Pick<Partial<ImportSummary>, 'split' | 'clock'>;
  if (split) return 'given';
  return { time: 'time:0.8', position: 'leave-last-out', file: 'random:0.8' }[clock];
}

/** Whether what a split holds out is later than what it leaves to learn from. */
export const isOrdered = (split: string, { clock }: Pick<Interactions, 'clock'>): boolean =>
  split === 'leave-last-out' || (clock !== 'file' && !split.startsWith('random'));

/**
 * A snapshot of a dataset, by default the newest.
 *
 * @throws DuetError `not-found` for an unknown dataset, `conflict` for one whose import is not done
 */
export async function loadTrainingData(
  ctx: { db: Database; dataDir: string },
  datasetId: string,
  snapshotId?: string | undefined,
): Promise<TrainingData> {
  const { db } = ctx;
  const dataset = await db.prisma.dataset.findUnique({ where: { id: datasetId } });
  if (dataset === null) {
    throw new DuetError('not-found', `There is no dataset ${datasetId}.`, { fix: 'npx duet datasets lists them.' });
  }
  if (dataset.status !== 'done') {
    throw new DuetError('conflict', `The import of dataset "${dataset.name}" is ${dataset.status}, not done.`, {
      fix: 'Wait for it, or import it again.',
    });
  }
  const snapshot = await findSnapshot(ctx, datasetId, snapshotId);
  const [interactions, catalogue, users] = await Promise.all([
    loadInteractions(ctx, datasetId, snapshot.id),
    loadCatalogue(ctx, datasetId, snapshot.id),
    loadUsers(ctx, datasetId, snapshot.id),
  ]);
  return { dataset: { ...dataset, fingerprint: snapshot.fingerprint }, snapshot, interactions, catalogue, users };
}
