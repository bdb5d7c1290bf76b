import type { Command } from 'commander';
import { percent, table } from '../../answer.ts';
import { job } from '../../context.ts';
import { readSetting } from '../../options.ts';
import { type Named, named } from './named.ts';
import { describeExperiment } from './text.ts';

/** What there is and what it does: `list`, `show`, `assign`. */
export function inspectCommands(group: Command): void {
  listCommand(group);
  showCommand(group);
  assignCommand(group);
}

function listCommand(group: Command): void {
  job(
    group.command('list').description('all experiments, the newest first'),
    'experiment list',
    async ({ database }) => {
      const { prisma } = await database();
      const arms = { orderBy: { position: 'asc' } } as const;
      const all = await prisma.experiment.findMany({
        orderBy: { createdAt: 'desc' },
        include: { arms, dataset: true },
      });
      const day = (date: Date | null) => date?.toISOString().slice(0, 10) ?? '–';
      return {
        json: all.map(({ dataset, ...experiment }) => ({ ...experiment, dataset: dataset.name })),
        text: table(
          ['experiment', 'state', 'phase', 'arms', 'dataset', 'traffic', 'started', 'planned end', 'decision'],
          all.map((one) => [
            ...[one.name, one.status, one.phase],
            one.arms.map(({ name, weight }) => `${name} ${percent(weight)}`).join(', '),
            ...[one.dataset.name, percent(one.trafficShare), day(one.startedAt), day(one.plannedEndAt)],
            one.decision ?? '–',
          ]),
        ),
      };
    },
  );
}

function showCommand(group: Command): void {
  job<Named>(
    named(group, 'show', 'everything about an experiment: settings, phases, what it can find, and its audit log'),
    'experiment show --experiment dat-vs-two-tower',
    async ({ database, config }, { experiment }) => describeExperiment({ db: await database(), config }, experiment),
  );
}

function assignCommand(group: Command): void {
  job<{ user: string; attribute: Record<string, unknown>; simulated?: boolean }>(
    group
      .command('assign')
      .description('where a user falls: the buckets and the arm of each running experiment')
      .requiredOption('--user <id>', 'the user')
      .option('--attribute <name=value>', 'what targeting asks for', readSetting, {})
      .option('--simulated', 'as a simulated shopper'),
    'experiment assign --user 17850 --attribute device=phone',
    async ({ database }, { user: userId, attribute, simulated = false }) => {
      const { assignable, assignUser, bucketsOf, hashedArm } = await import('@duet/experiments');
      const { prisma } = await database();
      const arms = { orderBy: { position: 'asc' } } as const;
      const running = await prisma.experiment.findMany({
        where: { status: 'running', simulated },
        orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
        include: { arms, dataset: { select: { holdout: true } } },
      });
      const attributes = Object.fromEntries(Object.entries(attribute).map(([name, value]) => [name, String(value)]));
      const all = running.map(({ dataset, ...experiment }) => assignable(experiment, dataset.holdout));
      const taken = assignUser(all, { userId, attributes, simulated });
      const rows = all.map((experiment) => {
        const found = hashedArm(experiment, { userId, attributes });
        const assignment = taken?.experiment === experiment ? taken : undefined;
        return {
          ...{ experiment: experiment.name, buckets: bucketsOf(experiment, userId) },
          arm: assignment?.arm.name ?? null,
          reason: assignment?.reason ?? (typeof found === 'string' ? found : 'in another experiment'),
        };
      });
      return {
        json: { userId, experiment: taken?.experiment.name ?? null, arm: taken?.arm.name ?? null, experiments: rows },
        text:
          rows.length === 0
            ? 'No experiment runs.'
            : table(
                ['experiment', 'arm', 'because of', 'arm bucket', 'traffic bucket', 'layer bucket', 'holdout bucket'],
                rows.map(({ experiment, arm, reason, buckets }) => [
                  ...[experiment, arm ?? '–', reason, buckets.arm, buckets.traffic],
                  ...[buckets.layer ?? '–', buckets.holdout],
                ]),
              ),
      };
    },
  );
}
