import { type Command, InvalidArgumentError } from 'commander';
import { comparison } from '../answer.ts';
import { job, modelling } from '../context.ts';
import { findDataset } from '../find.ts';

interface Options {
  dataset?: string;
  model: string;
  preset?: string;
  set: Record<string, unknown>;
  seed?: number;
  split?: string;
  name?: string;
}

/** `key=value`, the value read as JSON where it is JSON: numbers, booleans, lists. */
export function readSetting(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be key=value.');
  const value = text.slice(at + 1);
  try {
    return { ...before, [text.slice(0, at)]: JSON.parse(value) };
  } catch {
    return { ...before, [text.slice(0, at)]: value };
  }
}

export function readInteger(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

export function trainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('train a retrieval model and evaluate it on the split that it was trained without')
    .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one')
    .requiredOption('--model <kind>', 'dat, two-tower, ials, wals …: npx duet models --kinds lists them')
    .option('--preset <preset>', 'paper, fast or best')
    .option(
      '--set <key=value>',
      'a setting of the preset, any number of times; epochs=2 layers=[128,32]',
      readSetting,
      {},
    )
    .option('--seed <number>', 'seed of every random choice', readInteger)
    .option(
      '--split <split>',
      'time:0.8, leave-last-out, random:0.8, given by the file, or none to train on everything',
    )
    .option('--name <name>', "the model's name");
  job<Options>(command, 'train --dataset online-retail --model dat --set epochs=2', async (context, options) => {
    const { trainModel } = await import('@duet/trainer');
    const ctx = await modelling(context);
    const dataset = await findDataset(ctx.db, options.dataset);
    const { model: kind, preset, set, seed, split, name } = options;
    const { id: datasetId } = dataset;
    const { modelId, evaluation } = await trainModel(ctx, { datasetId, kind, preset, set, seed, split, name });
    const measured =
      evaluation === undefined
        ? 'trained on everything, so that nothing is left to measure it on.'
        : `on ${evaluation.split} (${evaluation.users} users):\n${comparison([{ name: name ?? kind, metrics: evaluation.metrics }])}`;
    return { json: { modelId, ...(evaluation ?? { metrics: {} }) }, text: `Model ${modelId}, ${measured}` };
  });
}
