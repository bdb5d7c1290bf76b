import type { Config } from '@duet/base';
import type { Database } from '@duet/db';
import { type Answer, minute, percent, table } from '../../answer.ts';

/** Everything about an experiment, for programs and for people. */
export async function describeExperiment(
  { db, config: { dataDir, metricsFile } }: { db: Database; config: Config },
  idOrName: string,
): Promise<Answer> {
  const [{ auditTrail }, experiments] = await Promise.all([import('@duet/db'), import('@duet/experiments')]);
  const { assignable, findExperiment, growthBookExperiment, isAA, parseSettings, readinessOf } = experiments;
  const { readMetrics, servedModel, shopHistory } = experiments;
  const { prospectOf } = await import('@duet/experiments/power');
  const experiment = await findExperiment(db, idOrName);
  const { arms, layerFrom, layerTo } = experiment;
  const settings = parseSettings(experiment.settings);
  const [dataset, models, phases, audit, readiness, history] = await Promise.all([
    db.prisma.dataset.findUniqueOrThrow({ where: { id: experiment.datasetId } }),
    db.prisma.model.findMany({ where: { id: { in: arms.flatMap((arm) => servedModel(arm) ?? []) } } }),
    db.prisma.experimentPhase.findMany({ where: { experimentId: experiment.id }, orderBy: { number: 'asc' } }),
    auditTrail(db, 'experiment', experiment.id),
    readinessOf(db, experiment),
    shopHistory({ db, dataDir }, experiment.datasetId, { metrics: await readMetrics(metricsFile) }),
  ]);
  const weights = arms.filter(({ weight }) => weight > 0).toSorted((a, b) => Number(b.control) - Number(a.control));
  const test = {
    ...{ metric: experiment.primaryMetric, weights: weights.map(({ weight }) => weight), power: 0.8 },
    ...{ plannedDays: settings.plannedDays, alpha: settings.alpha, sequential: settings.sequential },
    minimumUsers: settings.minimumUsers,
    share: (1 - dataset.holdout) * experiment.trafficShare * (experiment.layer === null ? 1 : settings.layerShare),
  };
  const prospect = prospectOf(history, test) ?? null;
  const relative = prospect?.effect?.relative;
  const text = [
    `${experiment.name} is ${experiment.status}${isAA(arms) ? ', an A/A test' : ''}, phase ${experiment.phase}, on ${dataset.name}.`,
    `${percent(experiment.trafficShare)} of the users${experiment.layer === null ? '' : `, in layer ${experiment.layer}${layerFrom === null ? '' : ` (buckets ${layerFrom} to ${layerTo! - 1})`}`}; holdout ${percent(dataset.holdout)}.`,
    `Judged by ${experiment.primaryMetric}${settings.guardrails.map(({ metric, maxRelativeLoss }) => `, ${metric} may lose ${percent(maxRelativeLoss)}`).join('')}; started ${minute(experiment.phaseStartedAt)}, planned end ${minute(experiment.plannedEndAt)}.`,
    relative
      ? `By this shop's ${history.source}, ${prospect!.users} users in ${settings.plannedDays} days find a change of ${percent(relative)} with a chance of 80 %.`
      : `This shop's history does not tell what it can find by ${experiment.primaryMetric}.`,
    ...(experiment.decision === null
      ? []
      : [`Decided: ${experiment.decision}, by ${experiment.decidedBy}. ${experiment.decisionNote ?? ''}`]),
    ...(experiment.status === 'draft' ? [...readiness.obstacles, ...readiness.remarks] : []),
    '',
    table(
      ['arm', 'share', 'model', 'index', 'settings'],
      arms.map((arm) => {
        const served = models.find(({ id }) => id === servedModel(arm));
        const follows = arm.registeredModel && `${arm.registeredModel.name}, now version ${served?.version ?? '–'}`;
        return [
          ...[arm.control ? `${arm.name} (control)` : arm.name, percent(arm.weight), follows ?? served?.name ?? '–'],
          ...[arm.indexId ?? 'the active one', JSON.stringify(arm.settings)],
        ];
      }),
    ),
    '',
    table(
      ['when', 'who', 'what', 'from', 'to', 'note'],
      audit
        .filter(({ action }) => action !== 'create')
        .map(({ at, actor, action, before, after, note }) => [
          ...[minute(at), actor, action, JSON.stringify(before), JSON.stringify(after), note],
        ]),
    ),
  ].join('\n');
  const growthBook = growthBookExperiment(assignable(experiment, dataset.holdout));
  return {
    json: { ...experiment, settings, dataset: dataset.name, phases, prospect, readiness, growthBook, audit },
    text,
  };
}
