import { DuetError } from '@duet/config';
import type { DenseOptimizer, Values } from './executor.ts';
import { type Graph, sizeOf, type Tensor } from './graph.ts';
import type { Rng } from './rng.ts';

/** Starting values: zeros, or Glorot & Bengio's uniform (2010): ±√(6 / (in + out)). */
export function initialParams(graph: Graph, rng: Rng): Values {
  return Object.fromEntries(graph.params.map((param) => [param.name!, initialValues(param, rng)]));
}

function initialValues(param: Tensor, rng: Rng): Float32Array {
  const values = new Float32Array(sizeOf(param.shape));
  if (param.init === 'glorot') {
    const limit = Math.sqrt(6 / (param.shape[0]! + param.shape.at(-1)!));
    for (let i = 0; i < values.length; i++) values[i] = (2 * rng() - 1) * limit;
  }
  return values;
}

/** Feeds that a graph can take: every input present, of the right length. Throws what is wrong otherwise. */
export function checkFeeds(graph: Graph, feeds: Values): void {
  for (const input of graph.inputs) {
    const length = feeds[input.name!]?.length;
    if (length !== sizeOf(input.shape)) {
      throw new DuetError(
        'internal',
        `Input "${input.name}" wants ${sizeOf(input.shape)} values [${input.shape}] and got ${length ?? 'none'}.`,
      );
    }
  }
}

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** One AdamW step in place, on the tensors of one graph. `step` counts from 1. */
export function adamStep(
  params: Values,
  gradients: Values,
  state: Values,
  step: number,
  { learningRate, weightDecay }: DenseOptimizer,
): void {
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (const [name, values] of Object.entries(params)) {
    const gradient = gradients[name]!;
    state[`${name}/m`] ??= new Float32Array(values.length);
    state[`${name}/v`] ??= new Float32Array(values.length);
    const m = state[`${name}/m`]!;
    const v = state[`${name}/v`]!;
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i]!;
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
      const update = m[i]! / correction1 / (Math.sqrt(v[i]! / correction2) + epsilon);
      values[i] = values[i]! - learningRate * (update + weightDecay * values[i]!);
    }
  }
}
