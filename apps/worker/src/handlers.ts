import type { Logger } from '@duet/base';
import { type ImportResources, runImport } from '@duet/datasets';
import { type Database, enqueue, type JobHandlers } from '@duet/db';
import { runErasure } from '@duet/experiments';
import { foldAndTell, refreshModel, watchHealth } from '@duet/pipeline';
import { buildModelIndex, runBulk } from '@duet/serving';
import { evaluateModel, requestOfRun, type TrainerContext, trainModel } from '@duet/trainer';

interface WorkerContext {
  db: Database;
  dataDir: string;
  executor: TrainerContext['executor'];
  checkpointMinutes?: number | undefined;
  /** What imports may use; the defaults where it is not said. */
  imports?: ImportResources;
  logger: Logger;
}

/**
 * What the worker does for each kind of job: the same functions as the command line's; a trained model is indexed too.
 */
export function jobHandlers({
  db,
  dataDir,
  executor,
  checkpointMinutes,
  imports = {},
  logger,
}: WorkerContext): JobHandlers {
  const logged =
    <Job extends { kind: string }, Answer>(work: (job: Job, signal: AbortSignal) => Promise<Answer>) =>
    async (job: Job, { id, signal }: { id: string; signal: AbortSignal }): Promise<Answer> => {
      const log = logger.child({ job: id, kind: job.kind });
      const began = performance.now();
      log.info({ request: job }, 'begun');
      try {
        const answer = await work(job, signal);
        log.info({ seconds: (performance.now() - began) / 1000 }, 'done');
        return answer;
      } catch (err) {
        log.error({ err }, 'failed');
        throw err;
      }
    };
  return {
    import: logged(({ runId }, signal) => runImport({ db, dataDir, imports, signal }, runId)),
    train: logged(async ({ runId }, signal) => {
      // A run that another worker began goes on from its checkpoint.
      const ctx = { db, dataDir, executor, checkpointMinutes, signal };
      const trained = await trainModel(ctx, await requestOfRun(db, runId));
      // A model that cannot be served is of no use to whoever asked for it.
      await enqueue(db, { kind: 'index', modelId: trained.modelId });
      return trained.evaluation;
    }),
    fold: logged(({ datasetId }, signal) => foldAndTell({ db, dataDir, signal, memory: imports.memory }, datasetId)),
    forget: logged(async ({ erasureId }, signal) => {
      const { removed, left } = await runErasure({ db, dataDir, signal, memory: imports.memory }, erasureId);
      return { removed, left };
    }),
    refresh: logged(async ({ registeredModelId }, signal) => {
      const registered = await db.prisma.registeredModel.findUniqueOrThrow({ where: { id: registeredModelId } });
      const ctx = { db, dataDir, executor, checkpointMinutes, signal };
      const { version, promoted, sentence } = await refreshModel(ctx, registered, { actor: 'schedule' });
      logger.info({ model: registered.name, version, promoted }, sentence);
      await watchHealth(db, registered.datasetId);
      return { version, promoted, sentence };
    }),
    evaluate: logged(async ({ modelId, split }, signal) => {
      const { evaluation } = await evaluateModel({ db, dataDir, executor, signal }, { modelId, split });
      return evaluation;
    }),
    recommend: logged(({ runId }, signal) => runBulk({ db, dataDir, executor, logger, signal }, runId)),
    index: logged(({ modelId, factory }, signal) => {
      const onProcess = (pid: number) => logger.info({ pid, modelId }, 'building in a process of its own');
      return buildModelIndex({ db, dataDir, signal, onProcess }, { modelId, factory });
    }),
  };
}
