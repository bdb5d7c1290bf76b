import type { Progress } from '@duet/base';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';

/** What every job of the trainer is given. */
export interface TrainerContext {
  db: Database;
  dataDir: string;
  executor: Executor;
  progress?: Progress;
  signal?: AbortSignal;
  /** Between checkpoints within an epoch; 5 where it is not said. */
  checkpointMinutes?: number | undefined;
}
