import { openExecutor } from '@duet/artifact';
import { DuetError, loadConfig, type Progress } from '@duet/base';
import { connect } from '@duet/db';
import { buildHere } from './build.ts';
import type { BuildMessage, BuildOrder } from './build-index.ts';

// The process that builds one index: FAISS may abort it, and its memory ends with it.

const send = (message: BuildMessage) => new Promise<void>((sent) => process.send!(message, () => sent()));
const progress: Progress = (update) => void send({ progress: update });

async function answer({ url, dataDir, request }: BuildOrder): Promise<BuildMessage> {
  try {
    const config = loadConfig();
    await using db = await connect(url, { max: 3 });
    const executor = await openExecutor(config);
    return { built: await buildHere({ db, dataDir, executor, progress, keep: config.indexVersions }, request) };
  } catch (error) {
    const code = error instanceof DuetError ? error.code : 'internal';
    return { failed: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}

process.once('message', async (order: BuildOrder) => {
  await send(await answer(order));
  process.exit();
});

// Whoever ordered it is gone: nobody waits for the result.
process.once('disconnect', () => process.exit());
