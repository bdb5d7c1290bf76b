import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import { z } from 'zod';
import { isAA } from '../lifecycle/launch.ts';
import { parseSettings } from '../plan/experiment-settings.ts';
import type { Source } from './assemble.ts';
import { followedBy } from './champions.ts';

const dayMs = 86_400_000;

/** An arm as its phase kept it. */
const keptArm = z.object({
  id: z.string(),
  name: z.string(),
  position: z.number(),
  control: z.boolean(),
  weight: z.number(),
  modelId: z.string().nullable(),
  registeredModelId: z.string().nullable().default(null),
  indexId: z.string().nullable(),
  settings: z.json(),
});

type Subject = Pick<
  Source,
  'experiment' | 'phase' | 'phases' | 'past' | 'currency' | 'arms' | 'settings' | 'championChanges'
>;

/**
 * The experiment that a report is about, with arms and settings as they were in that phase, the newest by default.
 *
 * @throws DuetError `not-found` for an unknown experiment or phase
 */
export async function subjectOf(database: Database, id: string, asked?: number): Promise<Subject> {
  const { prisma } = database;
  const found = await prisma.experiment.findUniqueOrThrow({
    where: { id },
    include: {
      dataset: { select: { currency: true } },
      arms: { orderBy: { position: 'asc' } },
      phases: { orderBy: { number: 'asc' } },
    },
  });
  const phase = asked ?? found.phase;
  const foundPhase = found.phases.find(({ number }) => number === phase);
  if (phase !== found.phase && !foundPhase) {
    throw new DuetError('not-found', `Experiment "${found.name}" has no phase ${phase}.`, {
      where: { field: 'phase' },
      fix: found.phase === 1 ? 'It has one.' : `Its phases are 1 to ${found.phase}.`,
    });
  }
  const past = phase !== found.phase && foundPhase ? pastPhase(foundPhase) : undefined;
  const { decision, decidedBy, decidedAt, decisionNote } = found;
  const arms = past?.arms ?? found.arms;
  const { modelOf, nameOf, changes } = await followedBy(database, arms, {
    from: past?.startedAt ?? found.phaseStartedAt,
    to: past?.endedAt ?? found.stoppedAt,
  });
  return {
    experiment: {
      id,
      name: found.name,
      status: found.status,
      design: found.design,
      primaryMetric: past?.primaryMetric ?? found.primaryMetric,
      startedAt: (past?.startedAt ?? found.phaseStartedAt ?? found.startedAt)?.toISOString() ?? null,
      stoppedAt: (past ? past.endedAt : found.stoppedAt)?.toISOString() ?? null,
      plannedEndAt: (past ? past.plannedEndAt : found.plannedEndAt)?.toISOString() ?? null,
      simulated: found.simulated,
      aa: isAA(arms),
      decision:
        decision === null || decidedAt === null
          ? null
          : {
              arm: decision === 'none' ? null : decision,
              by: decidedBy ?? '',
              at: decidedAt.toISOString(),
              note: decisionNote ?? '',
            },
    },
    phase,
    past: past !== undefined,
    phases: found.phases.map(({ number, startedAt, endedAt }) => ({
      phase: number,
      startedAt: startedAt.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
    })),
    currency: found.dataset.currency,
    arms: arms.map(({ id, name, control, weight, modelId }) => ({
      ...{ id, name, control, weight, modelId: modelId ?? modelOf.get(id) ?? null, follows: nameOf.get(id) ?? null },
    })),
    championChanges: changes,
    settings: past?.settings ?? parseSettings(found.settings),
  };
}

function pastPhase({
  arms,
  settings,
  ...retained
}: {
  arms: unknown;
  settings: unknown;
  startedAt: Date;
  endedAt: Date | null;
}) {
  const { primaryMetric, rankerId: _, layer: __, trafficShare: ___, ...rest } = settings as Record<string, unknown>;
  const parsed = parseSettings(rest);
  return {
    ...retained,
    arms: z
      .array(keptArm)
      .parse(arms)
      .sort((a, b) => a.position - b.position),
    settings: parsed,
    primaryMetric: z.string().parse(primaryMetric),
    plannedEndAt: new Date(retained.startedAt.getTime() + parsed.plannedDays * dayMs),
  };
}
