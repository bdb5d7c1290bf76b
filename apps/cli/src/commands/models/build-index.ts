import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { actor, job, working } from '../../context.ts';
import { findModel } from '../../find.ts';

interface Options {
  model?: string;
  factory?: string;
  versions?: boolean;
  restore?: string;
}

export function buildIndexCommand(program: Command): void {
  const command = program
    .command('index')
    .description("build the index over a model's item vectors, measure it, and serve it; or serve an earlier one again")
    .option('--model <id>', 'id or name of a trained model')
    .option('--factory <string>', 'a FAISS index_factory string; by default the one that fits the number of items')
    .option('--versions', "list the model's indexes that are kept, and build none")
    .option('--restore <index id>', 'serve this earlier index of its model again');
  job<Options>(command, 'index --model dat --factory IVF64,Flat', async (context, options) => {
    const [{ buildModelIndex }, { restoreIndex }] = await Promise.all([
      import('@duet/serving'),
      import('@duet/serving/versions'),
    ]);
    const ctx = await working(context);
    if (options.restore !== undefined) {
      const restored = await restoreIndex(ctx, options.restore, { actor: actor() });
      const instead = restored.before === undefined ? '' : ` in the place of version ${restored.before}`;
      return { json: restored, text: `Version ${restored.version} serves again${instead}.` };
    }
    if (options.model === undefined) throw new DuetError('bad-input', 'It takes --model or --restore.');
    const { id, name } = await findModel(ctx.db, options.model);
    if (options.versions) {
      const rows = await ctx.db.prisma.index.findMany({ where: { modelId: id }, orderBy: { version: 'desc' } });
      const versions = rows.map(({ id, version, active, factory, engine, size, recallAt100, createdAt }) => ({
        indexId: id,
        version,
        active,
        factory,
        engine,
        size,
        recallAt100,
        createdAt,
      }));
      const text = table(
        ['version', 'index', 'factory', 'items', 'recall@100', 'built', ''],
        versions.map((one) => [
          one.version,
          one.indexId,
          one.factory,
          one.size,
          one.recallAt100.toFixed(4),
          one.createdAt.toISOString(),
          one.active ? 'serves' : '',
        ]),
      );
      return { json: { modelId: id, versions }, text: versions.length > 0 ? text : `Model ${name} has no index yet.` };
    }
    const built = await buildModelIndex(ctx, { modelId: id, factory: options.factory });
    return {
      json: built,
      text: `Index ${built.indexId}, version ${built.version}: ${built.factory} over ${built.size} items by ${built.engine}, recall@100 ${built.recallAt100.toFixed(4)}, p50 ${built.p50Us.toFixed(0)} µs, p99 ${built.p99Us.toFixed(0)} µs.`,
    };
  });
}
