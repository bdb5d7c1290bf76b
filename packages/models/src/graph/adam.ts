import type { DenseOptimizer } from './executor.ts';
import type { Graph, Tensor } from './graph.ts';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/**
 * The numbers that change from one AdamW step to the next, folded so that a step is few passes over the parameters:
 * with c1 = 1 − β1^t and c2 = 1 − β2^t, lr · (m/c1) / (√(v/c2) + ε) = rate · m / (√v + floor).
 *
 * @param step counts from 1
 */
export function adamScalars(step: number, { learningRate, weightDecay }: DenseOptimizer) {
  const root = Math.sqrt(1 - beta2 ** step);
  return {
    rate: (learningRate * root) / (1 - beta1 ** step),
    floor: epsilon * root,
    keep: 1 - learningRate * weightDecay,
  };
}

/** One AdamW step in place: parameters, first and second moments, all of one length. */
export function adamStep(
  params: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  step: number,
  optimizer: DenseOptimizer,
): void {
  const { rate, floor, keep } = adamScalars(step, optimizer);
  for (let i = 0; i < params.length; i++) {
    const g = gradient[i]!;
    first[i] = beta1 * first[i]! + (1 - beta1) * g;
    second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
    params[i] = keep * params[i]! - (rate * first[i]!) / (Math.sqrt(second[i]!) + floor);
  }
}

/** The same step as nodes of a graph, over vectors [n] and the three scalars of `adamScalars`. */
export function adamNodes(
  g: Graph,
  vectors: { params: Tensor; gradient: Tensor; first: Tensor; second: Tensor },
  scalars: { rate: Tensor; floor: Tensor; keep: Tensor },
): { params: Tensor; first: Tensor; second: Tensor } {
  const { params, gradient } = vectors;
  const first = g.add(g.scale(vectors.first, beta1), g.scale(gradient, 1 - beta1));
  const second = g.add(g.scale(vectors.second, beta2), g.scale(g.square(gradient), 1 - beta2));
  const move = g.mul(g.div(first, g.add(g.sqrt(second), scalars.floor)), scalars.rate);
  return { params: g.sub(g.mul(params, scalars.keep), move), first, second };
}
