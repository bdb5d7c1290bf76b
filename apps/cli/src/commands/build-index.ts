import type { Command } from 'commander';
import { job, modelling } from '../context.ts';
import { findModel } from '../find.ts';

interface Options {
  model: string;
  factory?: string;
}

export function buildIndexCommand(program: Command): void {
  const command = program
    .command('index')
    .description("build the index over a model's item vectors, measure it, and serve it")
    .requiredOption('--model <id>', 'id or name of a trained model')
    .option('--factory <string>', 'a FAISS index_factory string; by default the one that fits the number of items');
  job<Options>(command, 'index --model dat --factory IVF64,Flat', async (context, { model, factory }) => {
    const { buildModelIndex } = await import('@duet/serving');
    const ctx = await modelling(context);
    const { id } = await findModel(ctx.db, model);
    const built = await buildModelIndex(ctx, { modelId: id, factory });
    return {
      json: built,
      text: `Index ${built.indexId}: ${built.factory} over ${built.size} items by ${built.engine}, recall@100 ${built.recallAt100.toFixed(4)}, p50 ${built.p50Us.toFixed(0)} µs, p99 ${built.p99Us.toFixed(0)} µs.`,
    };
  });
}
