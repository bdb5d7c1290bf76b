import { setImmediate } from 'node:timers/promises';
import { DuetError } from '@duet/base';
import { seededRng } from '@duet/random';
import { z } from 'zod';
import type { Executor } from '../graph/executor.ts';
import { Graph } from '../graph/graph.ts';
import { setting } from '../settings/setting.ts';
import { scorer } from './scorer-model.ts';
import { invert } from './symmetric.ts';

/**
 * Item-to-item weights B [items, items] in square blocks: B_ij is in `blocks[i / size][j / size]`, at i, j modulo size.
 */
export interface EaseModel {
  items: number;
  size: number;
  blocks: Float32Array[][];
}

/**
 * EASE's most items. B takes 4 bytes · items²: 2.5 GB at this number, for which 8 trillion multiplications are made.
 */
export const maxEaseItems = 25_000;

/** A block's side: large enough that its products run at full speed, small enough that its own inverse is cheap. */
const blockSize = 512;

/**
 * EASE^R (Steck, WWW 2019): the item-to-item weights B with zero diagonal that minimise ‖X − XB‖² + λ‖B‖², in closed
 * form B_ij = −P_ij / P_jj with P = (XᵀX + λI)⁻¹ (eq. 8).
 *
 * P is computed in blocks by the symmetric sweep operator (Goodnight, The American Statistician 33, 1979), on the lower
 * triangle alone: half of a general inverse's n³ multiplications, all of them in products of blocks on the executor, in
 * float32.
 *
 * @param lists Each user's distinct items.
 * @param regularisation λ > 0
 * @throws DuetError `bad-input` for more items than a machine can be expected to hold
 */
export async function fitEase(
  executor: Executor,
  lists: readonly Int32Array[],
  items: number,
  regularisation: number,
  { size = blockSize, onPivot = () => {} }: { size?: number; onPivot?: (done: number, total: number) => void } = {},
): Promise<EaseModel> {
  if (items > maxEaseItems) {
    const gigabytes = ((4 * items ** 2) / 1e9).toFixed(0);
    throw new DuetError(
      'bad-input',
      `EASE keeps a weight for each pair of items: ${gigabytes} GB for ${items} items.`,
      {
        fix: `Up to ${maxEaseItems} items it runs; for more choose ials or a tower model, which keep vectors.`,
      },
    );
  }
  const blocks = negativeGram(lists, items, regularisation, size);
  const g = new Graph();
  const [sum, left, right] = ['sum', 'left', 'right'].map((name) => g.input(name, [size, size]));
  g.output('sum', g.add(sum!, g.matmul(left!, right!, { transposeB: true })));
  await using session = await executor.open(g, seededRng(0));
  const addProduct = async (to: Float32Array, a: Float32Array, b: Float32Array): Promise<Float32Array> =>
    (await session.run({ sum: to, left: a, right: b })).sum!;

  // With M = −(XᵀX + λI) and D = (−M_kk)⁻¹, a sweep on block k takes M_ij to M_ij + M_ik·D·M_kj, M_ik to M_ik·D and
  // M_kk to D; after all of them M is the inverse.
  const zeros = new Float32Array(size * size);
  const count = blocks.length;
  for (let k = 0; k < count; k++) {
    const pivot = Float64Array.from(blocks[k]![k]!, (x) => -x);
    invert(pivot, size);
    const inverse = Float32Array.from(pivot);
    const column = blocks.map((row, i) => (i < k ? transpose(blocks[k]![i]!, size) : row[k]!));
    const swept: Float32Array[] = [];
    for (let i = 0; i < count; i++) swept.push(i === k ? inverse : await addProduct(zeros, column[i]!, inverse));
    for (let i = 0; i < count; i++) {
      if (i === k) continue;
      for (let j = 0; j <= i; j++) {
        if (j !== k) blocks[i]![j] = await addProduct(blocks[i]![j]!, column[i]!, swept[j]!);
      }
    }
    for (let i = k; i < count; i++) blocks[i]![k] = swept[i]!;
    for (let j = 0; j < k; j++) blocks[k]![j] = transpose(swept[j]!, size);
    onPivot(k + 1, count);
    await setImmediate();
  }
  for (let i = 0; i < count; i++) for (let j = 0; j < i; j++) blocks[j]!.push(transpose(blocks[i]![j]!, size));
  toWeights(blocks, size);
  return { items, size, blocks };
}

/** Turns P into B, in place. */
function toWeights(blocks: Float32Array[][], size: number): void {
  for (let block = 0; block < blocks.length; block++) {
    const diagonal = Float32Array.from({ length: size }, (_, j) => blocks[block]![block]![j * (size + 1)]!);
    for (const row of blocks) {
      const weights = row[block]!;
      for (let at = 0; at < weights.length; at++) weights[at]! /= -diagonal[at % size]!;
    }
    for (let j = 0; j < size; j++) blocks[block]![block]![j * (size + 1)] = 0;
  }
}

/** The lower triangle's blocks of −(XᵀX + λI), filled up to whole blocks with −I. */
function negativeGram(
  lists: readonly Int32Array[],
  items: number,
  regularisation: number,
  size: number,
): Float32Array[][] {
  const count = Math.ceil(items / size);
  const blocks = Array.from({ length: count }, (_, i) =>
    Array.from({ length: i + 1 }, () => new Float32Array(size * size)),
  );
  for (const list of lists) {
    const sorted = list.toSorted();
    for (let a = 0; a < sorted.length; a++) {
      const i = sorted[a]!;
      const row = blocks[Math.floor(i / size)]!;
      const at = (i % size) * size;
      for (let b = 0; b <= a; b++) {
        const j = sorted[b]!;
        row[Math.floor(j / size)]![at + (j % size)]! -= 1;
      }
    }
  }
  for (let i = 0; i < count * size; i++) {
    const diagonal = blocks[Math.floor(i / size)]!.at(-1)!;
    diagonal[(i % size) * (size + 1)]! -= i < items ? regularisation : 1;
  }
  // A block on the diagonal is kept whole.
  for (const row of blocks) {
    const diagonal = row.at(-1)!;
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) diagonal[j * size + i] = diagonal[i * size + j]!;
  }
  return blocks;
}

function transpose(block: Float32Array, size: number): Float32Array {
  const out = new Float32Array(block.length);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) out[j * size + i] = block[i * size + j]!;
  return out;
}

/** Score of each item for a user with these distinct items: Σ over them of B_ij, written into `scores` [items]. */
export function scoreByEase({ items, size, blocks }: EaseModel, list: Int32Array, scores: Float32Array): void {
  scores.fill(0);
  for (const i of list) {
    const row = blocks[Math.floor(i / size)]!;
    const from = (i % size) * size;
    for (let first = 0, block = 0; first < items; first += size, block++) {
      const weights = row[block]!;
      const width = Math.min(size, items - first);
      for (let j = 0; j < width; j++) scores[first + j]! += weights[from + j]!;
    }
  }
}

export const ease = scorer({
  kind: 'ease',
  title: 'EASE',
  summary: 'The linear item-to-item model that predicts a basket best, in closed form.',
  settings: {
    regularisation: setting({
      schema: z.number().gt(0).max(1e6),
      meaning: 'λ: penalty of the squared weights.',
      paper: 300,
      search: { log: [3, 3000] },
    }),
  },
  async fit({ executor, lists, items, progress }, { regularisation }) {
    const onPivot = (done: number, total: number) => progress({ step: 'fit ease', done, total, unit: 'blocks' });
    const model = await fitEase(executor, lists, items, regularisation, { onPivot });
    return (list, scores) => scoreByEase(model, list, scores);
  },
});
