import { openExecutor } from '@duet/artifact';
import { connect } from '@duet/db';
import { loadTrainingData } from '../data.ts';
import { runTrial, trialSplit } from './trial.ts';
import type { Bench, TrialAnswer, TrialOrder } from './trial-pool.ts';

// A tuner's child: loads the data once, then does the trials that it is sent, one at a time.

async function open({ url, dataDir, datasetId, snapshotId, split, machine }: Bench) {
  await using db = await connect(url, { max: 3 });
  const data = await loadTrainingData({ db, dataDir }, datasetId, snapshotId);
  return { data, split: trialSplit(data, split), executor: await openExecutor(machine) };
}
let opened: ReturnType<typeof open> | undefined;

process.on('message', async ({ bench, trial }: TrialOrder) => {
  const answer = async (): Promise<TrialAnswer> => {
    try {
      opened ??= open(bench);
      const { data, split, executor } = await opened;
      const { evaluation } = await runTrial({ executor }, data, split, trial);
      return { evaluation };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };
  process.send!(await answer());
});

// The tuner is gone: nobody waits for the result.
process.once('disconnect', () => process.exit());
