import { buildIndex, searchBest, type VectorIndex } from '@duet/ann';
import type { LoadedModel } from '@duet/artifact';
import type { ServedDataset } from '../dataset.ts';

/** Users by their own vectors of one model, made when the first request asks. */
export interface UserIndex extends AsyncDisposable {
  /**
   * The users whose vectors have the greatest cosine with one of these [vectorsPerUser, dimensions], best first.
   *
   * @param without the user who is left out
   */
  nearest(vectors: Float32Array, k: number, without: string): Promise<{ userId: string; score: number }[]>;
}

/** The most active users are in it: vectors of 128 numbers then take 100 MB. */
const mostUsers = 200_000;
const block = 256;

/** Encodes the model's users and indexes them exactly, some seconds for a hundred thousand. */
export async function openUserIndex(model: LoadedModel, { interactions, active }: ServedDataset): Promise<UserIndex> {
  const { dimensions: dim, tasteDimensions: taste, vectorsPerUser: each } = model;
  const ids: string[] = [];
  const all: Float32Array[] = [];
  for (let from = 0; from < Math.min(active.length, mostUsers); from += block) {
    const rows = [...active.subarray(from, Math.min(from + block, mostUsers))];
    const users = rows.map((user) => interactions.users[user]!);
    const { vectors, known } = await model.encodeUsers(users);
    users.forEach((user, i) => {
      if (!known[i]) return;
      ids.push(user);
      all.push(unit(vectors.slice(i * each * dim, (i + 1) * each * dim), dim, taste));
    });
  }
  const vectors = new Float32Array(all.length * each * dim);
  all.forEach((user, i) => {
    vectors.set(user, i * each * dim);
  });
  const index: VectorIndex = await buildIndex(vectors, dim, { factory: 'Flat' });
  return {
    async nearest(asked, k, without) {
      const fetched = Math.min(index.size, (k + 1) * each);
      const { ids: found, scores } = await searchBest(index, unit(asked.slice(), dim, taste), each, fetched);
      const best = new Map<string, number>();
      found.forEach((id, at) => {
        const user = ids[Math.floor(id / each)];
        if (id >= 0 && user !== undefined && user !== without && !best.has(user)) best.set(user, scores[at]!);
      });
      return Array.from(best, ([userId, score]) => ({ userId, score })).slice(0, k);
    },
    [Symbol.asyncDispose]: () => index[Symbol.asyncDispose](),
  };
}

/**
 * Gives the first `taste` of each vector's `dim` numbers the length 1, in place, which a factorisation's do not have,
 * and leaves nothing of the others.
 */
function unit(vectors: Float32Array, dim: number, taste: number): Float32Array {
  for (let from = 0; from < vectors.length; from += dim) {
    const one = vectors.subarray(from, from + dim).fill(0, taste);
    const length = Math.hypot(...one) || 1;
    for (let i = 0; i < taste; i++) one[i]! /= length;
  }
  return vectors;
}
