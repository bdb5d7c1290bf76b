import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import { openOnnx } from '../executors/open.ts';
import { adamNodes, adamScalars, adamStep } from './adam.ts';
import { Graph } from './graph.ts';

const optimizer = { learningRate: 0.01, weightDecay: 0.1 };

/** Kingma & Ba 2015, algorithm 1, with Loshchilov & Hutter's decoupled decay, as published and unfolded. */
function published(gradients: number[], start: number): number {
  let [x, m, v] = [start, 0, 0];
  gradients.forEach((g, i) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const unbiased = m / (1 - 0.9 ** (i + 1)) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
    x -= optimizer.learningRate * (unbiased + optimizer.weightDecay * x);
  });
  return x;
}

test('the folded AdamW step is the published one, in the loop and in the graph', async () => {
  const n = 50;
  const steps = 20;
  const rng = seededRng(4);
  const draw = () => Float32Array.from({ length: n }, () => normal(rng));
  const start = draw();
  const gradients = Array.from({ length: steps }, draw);

  const looped = { params: start.slice(), first: new Float32Array(n), second: new Float32Array(n) };
  gradients.forEach((g, i) => {
    adamStep(looped.params, g, looped.first, looped.second, i + 1, optimizer);
  });

  const g = new Graph();
  const vectors = {
    params: g.input('p', [n]),
    gradient: g.input('g', [n]),
    first: g.input('m', [n]),
    second: g.input('v', [n]),
  };
  const scalars = { rate: g.input('rate', []), floor: g.input('floor', []), keep: g.input('keep', []) };
  for (const [name, tensor] of Object.entries(adamNodes(g, vectors, scalars))) g.output(name, tensor);
  await using session = await (await openOnnx()).open(g, rng);
  let state = { params: start, first: new Float32Array(n), second: new Float32Array(n) };
  for (const [i, gradient] of gradients.entries()) {
    const now = Object.entries(adamScalars(i + 1, optimizer)).map(([name, x]) => [name, Float32Array.of(x)]);
    const feeds = { p: state.params, g: gradient, m: state.first, v: state.second, ...Object.fromEntries(now) };
    state = (await session.run(feeds)) as typeof state;
  }

  for (let i = 0; i < n; i++) {
    const expected = published(
      gradients.map((gradient) => gradient[i]!),
      start[i]!,
    );
    assert.ok(Math.abs(looped.params[i]! - expected) < 1e-5, `loop: ${looped.params[i]} ${expected}`);
    assert.ok(Math.abs(state.params[i]! - expected) < 1e-5, `graph: ${state.params[i]} ${expected}`);
  }
});
