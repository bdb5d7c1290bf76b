import { openExecutor } from '@duet/artifact';
import { connect } from '@duet/db';
import { trainModel } from '../train.ts';

// A training for tests to kill: it tells its parent of every step.
const { url, dataDir, request, checkpointMinutes } = JSON.parse(process.env.CHILD!);
await using db = await connect(url);
const executor = await openExecutor({ executor: undefined, threads: 1 });
const progress = ({ done }: { done: number }) => process.send!(done);
await trainModel({ db, dataDir, executor, progress, checkpointMinutes }, request);
