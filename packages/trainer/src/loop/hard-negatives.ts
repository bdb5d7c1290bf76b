import type { UserEncoder } from '@duet/artifact';
import { historyOf } from '@duet/artifact/inputs';
import type { Split } from '@duet/datasets';
import type { Executor } from '@duet/models';
import type { Rng } from '@duet/random';
import type { Positives } from '../batches/positives.ts';
import { rankAll } from '../evaluation/rankings.ts';
import { encoderScorer } from '../evaluation/scorer.ts';

/** Users whose rankings say which items are hard. */
const sample = 1000;

/**
 * How often each item is among the first hundred that the model would show to some training users, of what they never
 * had: a batch's hard negatives are drawn by it (as ANCE, Xiong et al. 2021, renews them from the index) [items].
 *
 * @param vectors p_v of every item [items, dims]
 */
export async function countRankedHigh(
  executor: Executor,
  encoder: UserEncoder,
  vectors: Float32Array,
  { user, histories }: Positives,
  rng: Rng,
): Promise<Int32Array> {
  const drawn = new Set(Array.from({ length: sample }, () => user[Math.floor(rng() * user.length)]!));
  const evaluations: Split['evaluations'] = Array.from(drawn, (row) => ({
    user: row,
    targets: new Int32Array(),
    seen: Int32Array.from(new Set(historyOf(histories, row))),
  }));
  const items = vectors.length / encoder.dims;
  await using score = await encoderScorer(executor, encoder, vectors, histories);
  const { list } = await rankAll(evaluations, items, score);
  const count = new Int32Array(items);
  for (const item of list) if (item >= 0) count[item]!++;
  return count;
}
