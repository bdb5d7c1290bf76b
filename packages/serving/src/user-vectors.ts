import type { Situation } from '@duet/datasets';

/** One user's query vectors of one model. */
export interface UserVectors {
  /** Shape [vectorsPerUser, dimensions]. Not to be written to. */
  vectors: Float32Array;
  /** False where the model never saw the user: the vectors are its cold-start answer. */
  known: boolean;
}

type Encode = (userIds: string[], situations: Situation[]) => Promise<{ vectors: Float32Array; known: boolean[] }>;

/** One who waits for vectors. */
interface Asking {
  userId: string;
  situation: Situation;
  promise: PromiseWithResolvers<UserVectors>;
}

export interface UserVectorOptions {
  /** Known users in their situations that are remembered. */
  capacity?: number;
  /** LoadedModel.situationKey: equal for situations that are the same to the model. */
  situationKey?: (situation: Situation) => string;
}

/** Users encoded in one call at most. */
const batchLimit = 256;

/**
 * User vectors of one model: the requests of one turn of the event loop share one call of the user tower, and the last
 * `capacity` known users are remembered. Strangers are not remembered: their number has no bound and their vectors may be the
 * same for all.
 * @param encode LoadedModel.encodeUsers
 * @param width numbers a user has: vectorsPerUser · dimensions
 */
export function createUserVectors(
  encode: Encode,
  width: number,
  { capacity = 20_000, situationKey = () => '' }: UserVectorOptions = {},
): (userId: string, situation?: Situation) => Promise<UserVectors> {
  const recent = new Map<string, UserVectors>(); // in order of last use
  const waiting = new Map<string, Asking>();
  let scheduled = false;

  const remember = (key: string, vectors: UserVectors) => {
    recent.delete(key);
    recent.set(key, vectors);
    if (recent.size > capacity) recent.delete(recent.keys().next().value!);
  };

  const encodeBatch = async (batch: [string, Asking][]) => {
    try {
      const { vectors, known } = await encode(
        batch.map(([, { userId }]) => userId),
        batch.map(([, { situation }]) => situation),
      );
      batch.forEach(([key, { promise }], row) => {
        const answer = { vectors: vectors.slice(row * width, (row + 1) * width), known: known[row]! };
        if (answer.known) remember(key, answer);
        promise.resolve(answer);
      });
    } catch (error) {
      for (const [, { promise }] of batch) promise.reject(error);
    }
  };

  const flush = () => {
    scheduled = false;
    const all = [...waiting];
    waiting.clear();
    for (let start = 0; start < all.length; start += batchLimit) void encodeBatch(all.slice(start, start + batchLimit));
  };

  return (userId, situation = {}) => {
    const key = `${situationKey(situation)} ${userId}`;
    const cached = recent.get(key);
    if (cached !== undefined) {
      remember(key, cached);
      return Promise.resolve(cached);
    }
    let asking = waiting.get(key);
    if (asking === undefined) {
      asking = { userId, situation, promise: Promise.withResolvers<UserVectors>() };
      waiting.set(key, asking);
    }
    if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
    return asking.promise.promise;
  };
}
