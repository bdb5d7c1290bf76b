import { type Database, enqueue, type RegisteredModel } from '@duet/db';
import { lastDue } from '../registry/schedule.ts';
import { holdRefresh, unfinishedRun } from './cut.ts';

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

/**
 * Has the worker refresh a registered model, or go on with what was cut; the run is there from now on, so that its
 * schedule is not due again.
 *
 * @throws DuetError `conflict` while it is refreshed, or waits to be
 */
export async function queueRefresh(
  database: Database,
  { id: registeredModelId, datasetId }: Pick<RegisteredModel, 'id' | 'datasetId'>,
  { actor }: { actor: string },
): Promise<string> {
  const { prisma } = database;
  // Held until the run is there: the worker waits for it.
  await using _held = await holdRefresh(database, registeredModelId);
  await enqueue(database, { kind: 'refresh', registeredModelId });
  const left = await unfinishedRun(prisma, registeredModelId);
  const waiting = { actor, status: 'queued', createdAt: new Date() } as const;
  const { id } =
    left === undefined
      ? await prisma.refreshRun.create({ data: { datasetId, registeredModelId, ...waiting } })
      : await prisma.refreshRun.update({
          where: { id: left.id },
          data: { ...waiting, startedAt: null, finishedAt: null, error: null },
        });
  return id;
}
