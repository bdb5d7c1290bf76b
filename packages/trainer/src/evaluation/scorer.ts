import type { UserEncoder } from '@duet/artifact';
import { asEntities, type Histories, historyOf } from '@duet/artifact/inputs';
import type { Split } from '@duet/datasets';
import { type Executor, Graph } from '@duet/models';
import { seededRng } from '@duet/random';

/** Scores of every item for some evaluated users, written into `scores` [users, items]; higher is better. */
export type Scorer = (users: Split['evaluations'], scores: Float32Array) => void | Promise<void>;

/**
 * Users whose scores of the whole catalogue are computed at once: 16 MB of them, and no more than an encoder's batch.
 */
export const usersPerBlock = (items: number): number => Math.max(1, Math.min(256, Math.floor(2 ** 22 / items)));

/** A scorer out of one that takes a user at a time and writes its scores [items]. */
export const byUser =
  (score: (user: Split['evaluations'][number], scores: Float32Array) => void): Scorer =>
  (users, scores) => {
    const items = scores.length / users.length;
    users.forEach((user, i) => {
      score(user, scores.subarray(i * items, (i + 1) * items));
    });
  };

/** A model whose users and items meet in an inner product. */
export interface VectorModel {
  /** Users' vectors [users, vectorsPerUser, dims]. */
  encode(users: Split['evaluations']): Promise<Float32Array>;
  /** [items, dims] */
  items: Float32Array;
  dims: number;
  /** A user's score of an item is the largest over these: 1 unless the model has several interests a user. */
  vectorsPerUser: number;
}

/** Largest inner product of each user's vectors with every item, a block of users as one matrix product. */
export async function vectorScorer(
  executor: Executor,
  { encode, items, dims, vectorsPerUser }: VectorModel,
): Promise<Scorer & AsyncDisposable> {
  const n = items.length / dims;
  // A graph has one batch size; the last block leaves some of it unused.
  const block = Math.max(1, Math.floor(usersPerBlock(n) / vectorsPerUser));
  const perUser = vectorsPerUser * dims;
  const vectors = new Float32Array(block * perUser);
  const g = new Graph();
  const queries = g.input('users', [block * vectorsPerUser, dims]);
  g.output('scores', g.matmul(queries, g.input('items', [n, dims]), { transposeB: true }));
  const session = await executor.open(g, seededRng(0));
  const score: Scorer = async (users, scores) => {
    const encoded = await encode(users);
    for (let from = 0; from < users.length; from += block) {
      const to = Math.min(from + block, users.length);
      vectors.set(encoded.subarray(from * perUser, to * perUser));
      const products = (await session.run({ users: vectors, items })).scores!;
      largest(products, vectorsPerUser, n, scores.subarray(from * n, to * n));
    }
  };
  return Object.assign(score, { [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() });
}

/**
 * The same for users by their rows, each with what it had before.
 *
 * @param items p_v of every item [items, dims]
 */
export const encoderScorer = (
  executor: Executor,
  encoder: UserEncoder,
  items: Float32Array,
  histories: Histories,
): Promise<Scorer & AsyncDisposable> =>
  vectorScorer(executor, {
    encode: (users) =>
      encoder.users(
        asEntities(Int32Array.from(users, ({ user }) => user)),
        users.map(({ user }) => historyOf(histories, user)),
        users.map(({ situation }) => situation),
      ),
    items,
    dims: encoder.dims,
    vectorsPerUser: encoder.vectorsPerUser,
  });

/** Maximum over the middle axis of `products` [users or more, vectors, items] into `out` [users, items]. */
function largest(products: Float32Array, vectors: number, items: number, out: Float32Array): void {
  if (vectors === 1) {
    out.set(products.subarray(0, out.length));
    return;
  }
  for (let user = 0; user * items < out.length; user++) {
    const best = out.subarray(user * items, (user + 1) * items);
    best.fill(-Infinity);
    for (let v = 0; v < vectors; v++) {
      const from = (user * vectors + v) * items;
      for (let item = 0; item < items; item++) {
        if (products[from + item]! > best[item]!) best[item] = products[from + item]!;
      }
    }
  }
}
