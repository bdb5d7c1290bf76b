/** The vectors that `bench:retrieve` searches. */

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { openExecutor, openModel } from '@duet/artifact';
import { normal, seededRng } from '@duet/random';

export interface Vectors {
  name: string;
  dim: number;
  /** [n, dim] */
  items: Float32Array;
  /** [m, dim]: an index is tuned with the first half and measured with the second. */
  queries: Float32Array;
}

/**
 * Unit vectors around 1,000 Gaussian centres, whose sizes fall with their rank as those of a shop's categories do; a
 * query lies between two centres, as a shopper between two interests.
 */
export function synthetic(n: number, dim: number, queries: number): Vectors {
  const centres = 1000;
  const rng = seededRng(7);
  const centre = Float32Array.from({ length: centres * dim }, () => normal(rng));
  const weights = Float64Array.from({ length: centres }, (_, i) => 1 / Math.sqrt(i + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const cumulative = weights.map((weight) => weight / total);
  for (let i = 1; i < centres; i++) cumulative[i]! += cumulative[i - 1]!;
  /** A centre for each of n places: as many places as its weight says. */
  const centreAt = (share: number) => {
    let low = 0;
    let high = centres - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! < share) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const fill = (count: number, at: (row: number, i: number) => number) => {
    const vectors = new Float32Array(count * dim);
    for (let row = 0; row < count; row++) {
      let square = 0;
      for (let i = 0; i < dim; i++) {
        const x = at(row, i);
        vectors[row * dim + i] = x;
        square += x * x;
      }
      for (let i = 0; i < dim; i++) vectors[row * dim + i]! /= Math.sqrt(square);
    }
    return vectors;
  };
  // Neighbouring rows are of different centres: 0.618… spreads any number of rows evenly.
  const spread = (row: number) => ((row + 1) * 0.6180339887498949) % 1;
  return {
    name: `${n.toLocaleString('en')} synthetic`,
    dim,
    items: fill(n, (row, i) => centre[centreAt(spread(row)) * dim + i]! + 0.7 * normal(rng)),
    queries: fill(queries, (row, i) => {
      const [one, other] = [centreAt(spread(row)), centreAt(spread(row * 7 + 3))];
      return (centre[one * dim + i]! + centre[other * dim + i]!) / 2 + 0.35 * normal(rng);
    }),
  };
}

/**
 * Item and user vectors of a trained model in a data folder: the one that is named, else the first with one vector a
 * user.
 */
export async function trained(dataDir: string, modelId: string | undefined, queries: number): Promise<Vectors> {
  const ids = modelId === undefined ? await readdir(path.join(dataDir, 'models')) : [modelId];
  const executor = await openExecutor({ executor: undefined, threads: 1 });
  for (const id of ids.sort()) {
    await using model = await openModel(dataDir, id, executor);
    if (model.vectorsPerUser !== 1) continue;
    const file = await readFile(path.join(dataDir, 'models', id, 'model.json'), 'utf8');
    const { users, kind } = JSON.parse(file) as { users: string[]; kind: string };
    const stride = Math.max(1, Math.floor(users.length / queries));
    const sample = users.filter((_, row) => row % stride === 0).slice(0, queries);
    const { vectors } = await model.encodeUsers(sample);
    const name = `${model.items.length.toLocaleString('en')} trained (${kind})`;
    return { name, dim: model.dimensions, items: model.itemVectors.slice(), queries: vectors };
  }
  throw new Error(`${dataDir} has no trained model with one vector a user.`);
}
