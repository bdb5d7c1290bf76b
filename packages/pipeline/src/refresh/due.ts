import { type Database, enqueue, type RegisteredModel } from '@duet/db';
import { lastDue } from '../registry/schedule.ts';

/** A registered model whose time has come. */
export interface Due {
  registered: RegisteredModel;
  /** When its schedule named it. */
  at: Date;
  /** Whether its last refresh is still under way: it is passed over. */
  running: boolean;
}

/**
 * The registered models that their schedule has named since their last refresh (or since they were registered): each
 * once, however many times it was missed while nobody looked.
 */
export async function dueModels({ prisma }: Database, now: Date): Promise<Due[]> {
  const scheduled = await prisma.registeredModel.findMany({
    where: { schedule: { not: null } },
    include: { refreshes: { orderBy: { createdAt: 'desc' }, take: 1 } },
    orderBy: { id: 'asc' },
  });
  return scheduled.flatMap(({ refreshes: [last], ...registered }) => {
    const at = lastDue({ cron: registered.schedule!, timeZone: registered.timeZone }, now);
    if (at <= (last?.createdAt ?? registered.createdAt)) return [];
    return [{ registered, at, running: last?.status === 'queued' || last?.status === 'running' }];
  });
}

/** Has the worker refresh a registered model; the run is there from now on, so that its schedule is not due again. */
export async function queueRefresh(
  database: Database,
  { id: registeredModelId, datasetId }: Pick<RegisteredModel, 'id' | 'datasetId'>,
  { actor }: { actor: string },
): Promise<string> {
  const { prisma } = database;
  const run = await prisma.refreshRun.create({ data: { datasetId, registeredModelId, actor } });
  try {
    await enqueue(database, { kind: 'refresh', registeredModelId });
  } catch (error) {
    await prisma.refreshRun.delete({ where: { id: run.id } });
    throw error;
  }
  return run.id;
}
