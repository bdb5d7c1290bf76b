import path from 'node:path';
import type { Command } from 'commander';
import { job, modelling } from '../../context.ts';
import { findModel } from '../../find.ts';

interface Options {
  model: string;
  out: string;
}

export function exportCommand(program: Command): void {
  const command = program
    .command('export')
    .description("write a model's two towers as plain ONNX files, for any ONNX runtime")
    .requiredOption('--model <id>', 'id or name of a trained model')
    .requiredOption('--out <folder>', 'where user-tower.onnx and item-tower.onnx go');
  job<Options>(command, 'export --model dat --out towers', async (context, { model, out }) => {
    const { exportTowers } = await import('@duet/artifact');
    const { db, dataDir } = await modelling(context);
    const { id } = await findModel(db, model);
    const files = await exportTowers(dataDir, id, path.resolve(out));
    return { json: { modelId: id, files }, text: `Wrote ${files.join(' and ')}.` };
  });
}
