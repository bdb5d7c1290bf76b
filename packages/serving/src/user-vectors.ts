/** One user's query vectors of one model. */
export interface UserVectors {
  /** Shape [vectorsPerUser, dimensions]. Not to be written to. */
  vectors: Float32Array;
  /** False where the model never saw the user: the vectors are its cold-start answer. */
  known: boolean;
}

type Encode = (userIds: string[]) => Promise<{ vectors: Float32Array; known: boolean[] }>;

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
  capacity = 20_000,
): (userId: string) => Promise<UserVectors> {
  const recent = new Map<string, UserVectors>(); // in order of last use
  const waiting = new Map<string, PromiseWithResolvers<UserVectors>>();
  let scheduled = false;

  const remember = (userId: string, vectors: UserVectors) => {
    recent.delete(userId);
    recent.set(userId, vectors);
    if (recent.size > capacity) recent.delete(recent.keys().next().value!);
  };

  const encodeBatch = async (batch: [string, PromiseWithResolvers<UserVectors>][]) => {
    try {
      const { vectors, known } = await encode(batch.map(([userId]) => userId));
      batch.forEach(([userId, promise], row) => {
        const answer = { vectors: vectors.slice(row * width, (row + 1) * width), known: known[row]! };
        if (answer.known) remember(userId, answer);
        promise.resolve(answer);
      });
    } catch (error) {
      for (const [, promise] of batch) promise.reject(error);
    }
  };

  const flush = () => {
    scheduled = false;
    const all = [...waiting];
    waiting.clear();
    for (let start = 0; start < all.length; start += batchLimit) void encodeBatch(all.slice(start, start + batchLimit));
  };

  return (userId) => {
    const cached = recent.get(userId);
    if (cached !== undefined) {
      remember(userId, cached);
      return Promise.resolve(cached);
    }
    let promise = waiting.get(userId);
    if (promise === undefined) {
      promise = Promise.withResolvers<UserVectors>();
      waiting.set(userId, promise);
    }
    if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
    return promise.promise;
  };
}
