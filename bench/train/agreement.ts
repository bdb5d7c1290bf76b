import { openOnnx, sizeOf, trainingGraph, type Values } from '@duet/models';
import { seededRng } from '@duet/random';
import type { Contender } from '../contender.ts';
import { modelOf, type ShapeName, settingsOf } from './model.ts';

/**
 * Largest relative difference, between Duet and the PyTorch peer, of the loss and of the loss's gradients with respect
 * to the gathered embeddings: same weights, same small batch, with repeated positives in it.
 *
 * @param peer the PyTorch script, which answers "check" once for each way it can mask repeats
 */
export async function disagreement(shape: ShapeName, peer: Contender): Promise<number> {
  const settings = { ...settingsOf(shape), batch: 24, negatives: shape === 'sigmoid' ? 4 : 16 };
  const model = modelOf(settings);
  const executor = await openOnnx(1);
  const graph = trainingGraph(model);
  await using session = await executor.open(graph, seededRng(7));
  const rng = seededRng(8);
  const feeds: Values = Object.fromEntries(
    graph.inputs.map(({ name, shape: of }) => [name!, Float32Array.from({ length: sizeOf(of) }, () => 2 * rng() - 1)]),
  );
  if (feeds.itemKey) feeds.itemKey = feeds.itemKey.map(() => Math.floor(rng() * 12));
  const weights = Object.entries(await session.state()).filter(([name]) => /^(user|item)\/[wb]\d$/.test(name));
  const params = Object.fromEntries(weights.map(([name, values]) => [name, values.map((x) => x + 0.2 * rng() - 0.1)]));
  await session.load(params);
  const ours = await session.gradients(feeds);
  const { loss } = await session.run(feeds);
  const listed = (values: Values) =>
    Object.fromEntries(Object.entries(values).map(([name, numbers]) => [name, [...numbers]]));
  const { answers } = await peer.ask<{ answers: { loss: number; gradients: Record<string, number[]> }[] }>({
    do: 'check',
    model,
    params: listed(params),
    feeds: listed(feeds),
  });
  return Math.max(
    ...answers.flatMap((theirs) => [
      Math.abs(theirs.loss - loss![0]!) / Math.abs(loss![0]!),
      ...Object.entries(theirs.gradients).map(([name, gradient]) => difference(gradient, ours[name]!)),
    ]),
  );
}

/** ‖a − b‖ / ‖b‖ */
function difference(a: number[], b: Float32Array): number {
  let apart = 0;
  let size = 0;
  b.forEach((x, i) => {
    apart += (a[i]! - x) ** 2;
    size += x * x;
  });
  return Math.sqrt(apart / size);
}
