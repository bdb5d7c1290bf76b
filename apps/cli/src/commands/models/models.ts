import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { job } from '../../context.ts';
import { findDataset } from '../../find.ts';
import { registerCommand, registeredCommands } from './registry.ts';
import { removalCommands } from './removal.ts';

interface Options {
  dataset?: string;
  kinds?: boolean;
  settings?: string;
}

/** How each family of models comes about, as a command. */
const commands = { scorer: 'evaluate --baseline', factors: 'train --model', tower: 'train --model' };

async function listKinds() {
  const { modelKinds } = await import('@duet/models');
  const lines = modelKinds.map(({ kind, family, summary }) => [
    kind,
    family,
    `npx duet ${commands[family]} ${kind}`,
    summary,
  ]);
  return {
    json: { kinds: modelKinds.map(({ kind, title, family, summary }) => ({ kind, title, family, summary })) },
    text: table(['kind', 'family', 'command', ''], lines),
  };
}

/** All that a kind of model can be told, with the values of its presets. */
async function listSettings(kind: string) {
  const { modelOfKind, resolveSettings, valuePresets } = await import('@duet/models');
  const values = valuePresets.map((preset) => resolveSettings(kind, preset, {}) as Record<string, unknown>);
  const settings = Object.entries(modelOfKind(kind).settings).map(([name, { meaning }]) => ({
    name,
    meaning,
    ...Object.fromEntries(valuePresets.map((preset, i) => [preset, values[i]![name]])),
  }));
  const lines = settings.map(({ name, meaning, ...presets }) => [
    name,
    ...Object.values<unknown>(presets).map((value) => JSON.stringify(value)),
    meaning,
  ]);
  return { json: { kind, settings }, text: table(['setting', ...valuePresets, ''], lines) };
}

export function modelsCommand(program: Command): void {
  const command = program
    .command('models')
    .description('list the models with their metrics, newest first')
    .option('--dataset <name>', 'only those of one dataset')
    .option('--kinds', 'list the kinds of model that there are instead')
    .option('--settings <kind>', 'list what --set may change in a kind of model instead, and its presets');
  registerCommand(command);
  registeredCommands(command);
  removalCommands(command);
  job<Options>(command, 'models --dataset online-retail', async ({ database }, options) => {
    if (options.kinds) return listKinds();
    if (options.settings !== undefined) return listSettings(options.settings);
    const db = await database();
    const where = options.dataset === undefined ? {} : { datasetId: (await findDataset(db, options.dataset)).id };
    const rows = await db.prisma.model.findMany({
      where,
      orderBy: { createdAt: 'desc' },
      include: { dataset: { select: { name: true } }, indexes: { where: { active: true } } },
    });
    const models = rows.map(({ id, name, kind, preset, dimensions, metrics, createdAt, dataset, indexes }) => ({
      modelId: id,
      name,
      kind,
      preset,
      dimensions,
      dataset: dataset.name,
      createdAt,
      index: indexes[0] === undefined ? null : { indexId: indexes[0].id, factory: indexes[0].factory },
      metrics: metricsBySplit(metrics),
    }));
    const lines = models.flatMap(({ modelId, name, dataset, index, metrics }) => {
      const splits = Object.entries(metrics);
      return (splits.length > 0 ? splits : [['–', {} as Record<string, number>] as const]).map(([split, values]) => [
        modelId,
        name,
        dataset,
        index?.factory ?? '–',
        split,
        values['HR@50']?.toFixed(4) ?? '–',
        values['NDCG@50']?.toFixed(4) ?? '–',
      ]);
    });
    return {
      json: { models },
      text:
        models.length === 0
          ? 'There are no models yet: npx duet train --help.'
          : table(['id', 'name', 'dataset', 'index', 'split', 'HR@50', 'NDCG@50'], lines),
    };
  });
}

/** Model.metrics holds whole evaluations; a list needs their figures only. */
export function metricsBySplit(metrics: unknown): Record<string, Record<string, number>> {
  const evaluations = metrics as Record<string, { metrics: Record<string, number> }>;
  return Object.fromEntries(Object.entries(evaluations).map(([split, evaluation]) => [split, evaluation.metrics]));
}
