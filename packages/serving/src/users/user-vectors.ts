import { areSearchable } from '@duet/ann';
import type { EncodeRequest, LoadedModel } from '@duet/artifact';
import { DuetError } from '@duet/base';
import type { Situation } from '@duet/datasets';

/** One user's query vectors of one model. */
export interface UserVectors {
  /** Shape [vectorsPerUser, dimensions]. Not to be written to. */
  vectors: Float32Array;
  /** False where the model knows nothing of the user: the vectors are its cold-start answer. */
  known: boolean;
}

/** One who waits for vectors. */
interface Asking {
  asker: EncodeRequest;
  /** What the answer is remembered under; undefined where it is not. */
  key: string | undefined;
  promise: PromiseWithResolvers<UserVectors>;
}

/** How often vectors were remembered, and how often they had to be computed. */
export interface CacheCount {
  hits: number;
  misses: number;
}

export interface UserVectorOptions {
  /** Counted up. */
  count?: CacheCount;

  /** Known users in their situations that are remembered. */
  capacity?: number;
  /** LoadedModel.situationKey: equal for situations that are the same to the model. */
  situationKey?: (situation: Situation) => string;
}

/** A model's file may be whole and hold nonsense. */
export const unsound = (cause?: unknown): DuetError =>
  new DuetError('corrupt', 'The model makes vectors of what are no numbers, or fails at it.', {
    fix: 'Train it again; npx duet rollback goes back to the version before.',
    cause,
  });

/** Users encoded in one call at most. */
const batchLimit = 256;

/**
 * User vectors of one model: the requests of one turn of the event loop share one call of the user tower, and the last
 * `capacity` known users are remembered. Strangers are not remembered: their number has no bound and their vectors may
 * be the same for all.
 * @param encode LoadedModel.encode
 * @param width numbers a user has: vectorsPerUser · dimensions
 * @returns a function of an asker and the version of what is known of them: another version is another vector, and what
 *   has none, since it was said with the request, is computed each time
 */
export function createUserVectors(
  encode: LoadedModel['encode'],
  width: number,
  { capacity = 20_000, situationKey = () => '', count = { hits: 0, misses: 0 } }: UserVectorOptions = {},
): (asker: EncodeRequest, version?: number) => Promise<UserVectors> {
  const recent = new Map<string, UserVectors>(); // in order of last use
  const asked = new Map<string, Asking>();
  let waiting: Asking[] = [];

  const remember = (key: string, vectors: UserVectors) => {
    recent.delete(key);
    recent.set(key, vectors);
    if (recent.size > capacity) recent.delete(recent.keys().next().value!);
  };

  const encodeBatch = async (batch: Asking[]) => {
    try {
      const { vectors, known } = await encode(batch.map(({ asker }) => asker));
      batch.forEach(({ key, promise }, row) => {
        const answer = { vectors: vectors.slice(row * width, (row + 1) * width), known: known[row]! };
        if (!areSearchable(answer.vectors)) {
          promise.reject(unsound());
          return;
        }
        if (answer.known && key !== undefined) remember(key, answer);
        promise.resolve(answer);
      });
    } catch (error) {
      const reason = error instanceof DuetError ? error : unsound(error);
      for (const { promise } of batch) promise.reject(reason);
    }
  };

  const flush = () => {
    const all = waiting;
    waiting = [];
    asked.clear();
    for (let start = 0; start < all.length; start += batchLimit) void encodeBatch(all.slice(start, start + batchLimit));
  };

  return (asker, version) => {
    const key = version === undefined ? undefined : `${situationKey(asker.situation ?? {})} ${version} ${asker.id}`;
    const cached = key === undefined ? undefined : recent.get(key);
    if (cached !== undefined) {
      count.hits += 1;
      remember(key!, cached);
      return Promise.resolve(cached);
    }
    count.misses += 1;
    const together = key === undefined ? undefined : asked.get(key);
    if (together !== undefined) return together.promise.promise;
    const asking = { asker, key, promise: Promise.withResolvers<UserVectors>() };
    if (key !== undefined) asked.set(key, asking);
    if (waiting.push(asking) === 1) setImmediate(flush);
    return asking.promise.promise;
  };
}
