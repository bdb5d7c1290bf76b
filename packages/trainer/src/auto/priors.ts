import type { UserEncoder } from '@duet/artifact';
import { asEntities, distinctItems, type Histories, historyOf, itemItemTables } from '@duet/artifact/inputs';
import type { Progress } from '@duet/base';
import type { Split } from '@duet/datasets';
import type { Executor, TrainingSettings } from '@duet/models';
import type { TrainingData } from '../data.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import { vectorScorer } from '../evaluation/scorer.ts';
import { hasItemItem, itemItemDims, itemItemPrior } from '../features/item-item.ts';
import { hasPopularity, popularityPrior } from '../features/popularity.ts';

/** What is added to the towers' inner product in a served score. */
export type Weights = Pick<TrainingSettings, 'itemItemWeight' | 'popularityWeight' | 'popularityHalfLife'>;

/** Values of each weight that are tried, 0 without the others. */
const weightGrid = {
  itemItemWeight: [0.125, 0.25, 0.5, 1],
  popularityWeight: [0.03, 0.1, 0.2],
  popularityHalfLife: [7, 30, 0],
};

/**
 * The priors of some training rows at weight one. They are no part of what towers learn, so their weights are found
 * after a training, at the price of ranking.
 */
export class Priors {
  #history: Float32Array | undefined;
  #item: Float32Array | undefined;
  #dims: number;
  /** [1 + items] by half-life in days. */
  readonly popularity: ReadonlyMap<number, Float32Array>;

  private constructor(tables: Record<string, Float32Array>, dims: number, popularity: Map<number, Float32Array>) {
    this.#history = tables[itemItemTables.history];
    this.#item = tables[itemItemTables.item];
    this.#dims = this.#item === undefined ? 0 : dims;
    this.popularity = popularity;
  }

  /** @param settings Of a training; a weight of 0 leaves the item-item prior, which is dear, out. */
  static async of(
    { interactions, catalogue }: TrainingData,
    { train, histories }: { train: Int32Array; histories: Histories },
    settings: TrainingSettings,
    how: { executor: Executor; progress: Progress; signal?: AbortSignal | undefined },
  ): Promise<Priors> {
    const items = catalogue.ids.length;
    const one = { ...settings, itemItemWeight: 1, popularityWeight: 1 };
    const tables = hasItemItem(interactions, items, settings)
      ? await itemItemPrior(distinctItems(histories), items, one, how)
      : {};
    const asked = new Set([...weightGrid.popularityHalfLife, settings.popularityHalfLife]);
    const halfLives = [...asked].filter((popularityHalfLife) =>
      hasPopularity(interactions, { popularityWeight: 1, popularityHalfLife }),
    );
    const popularity = halfLives.map(
      (popularityHalfLife) =>
        [
          popularityHalfLife,
          popularityPrior(interactions, train, { popularityWeight: 1, popularityHalfLife }),
        ] as const,
    );
    return new Priors(tables, itemItemDims(items, one), new Map(popularity));
  }

  get hasItemItem(): boolean {
    return this.#dims > 0;
  }

  /** Item vectors [items, dims] with the priors' dimensions: an item's own of the item-item prior, then its popularity. */
  items(vectors: Float32Array, dims: number, halfLife: number | undefined): Float32Array {
    const n = vectors.length / dims;
    const width = dims + this.#dims + 1;
    const out = new Float32Array(n * width);
    const popularity = halfLife === undefined ? undefined : this.popularity.get(halfLife);
    for (let row = 0; row < n; row++) {
      out.set(vectors.subarray(row * dims, (row + 1) * dims), row * width);
      if (this.#item) out.set(this.#item.subarray((row + 1) * this.#dims, (row + 2) * this.#dims), row * width + dims);
      out[(row + 1) * width - 1] = popularity?.[row + 1] ?? 0;
    }
    return out;
  }

  /** One vector of a user [dims] with the priors' dimensions, written to `out`. */
  user(vector: Float32Array, had: ArrayLike<number>, { itemItemWeight, popularityWeight }: Weights, out: Float32Array) {
    out.fill(0);
    out.set(vector);
    if (this.#history && itemItemWeight > 0) {
      for (let i = 0; i < had.length; i++) {
        const from = (had[i]! + 1) * this.#dims;
        for (let d = 0; d < this.#dims; d++) out[vector.length + d]! += itemItemWeight * this.#history[from + d]!;
      }
    }
    out[out.length - 1] = popularityWeight;
  }

  get dims(): number {
    return this.#dims + 1;
  }
}

/** What a search over the weights came to. */
export interface Weighed {
  weights: Weights;
  metrics: Record<string, number>;
}

/** Finds the weights that rank best by `metric`, one after the other: item-item, popularity, its half-life. */
export async function weigh(
  executor: Executor,
  priors: Priors,
  fitted: { encoder: UserEncoder; itemVectors: Float32Array },
  judged: {
    split: Split;
    histories: Histories;
    catalogue: TrainingData['catalogue'];
    metric: string;
    /** Weights that stay as they are. */
    fixed: Partial<Weights>;
  },
): Promise<Weighed> {
  const { encoder, itemVectors } = fitted;
  const { split, histories, catalogue, metric, fixed } = judged;
  const lists = distinctItems(histories);
  const { dims, vectorsPerUser } = encoder;
  const vectors = await encoder.users(
    asEntities(Int32Array.from(split.evaluations, ({ user }) => user)),
    split.evaluations.map(({ user }) => historyOf(histories, user)),
    split.evaluations.map(({ situation }) => situation),
  );
  const place = new Map(split.evaluations.map((evaluation, at) => [evaluation, at]));
  const metricsOf = async (weights: Weights): Promise<Record<string, number>> => {
    const width = dims + priors.dims;
    const halfLife = weights.popularityWeight > 0 ? weights.popularityHalfLife : undefined;
    await using score = await vectorScorer(executor, {
      encode: async (users) => {
        const out = new Float32Array(users.length * vectorsPerUser * width);
        users.forEach((evaluation, i) => {
          for (let v = 0; v < vectorsPerUser; v++) {
            const from = (place.get(evaluation)! * vectorsPerUser + v) * dims;
            const to = (i * vectorsPerUser + v) * width;
            const had = lists[evaluation.user] ?? [];
            priors.user(vectors.subarray(from, from + dims), had, weights, out.subarray(to, to + width));
          }
        });
        return out;
      },
      items: priors.items(itemVectors, dims, halfLife),
      dims: width,
      vectorsPerUser,
    });
    const { evaluation } = await evaluate({ split, catalogue, lists, score });
    return evaluation.metrics;
  };
  const none: Weights = { itemItemWeight: 0, popularityWeight: 0, popularityHalfLife: 0, ...fixed };
  let best: Weighed = { weights: none, metrics: await metricsOf(none) };
  const better = async (changes: Partial<Weights>[]) => {
    const { weights } = best;
    for (const change of changes) {
      const changed = { ...weights, ...change, ...fixed };
      const metrics = await metricsOf(changed);
      if (metrics[metric]! > best.metrics[metric]!) best = { weights: changed, metrics };
    }
  };
  if (priors.hasItemItem && fixed.itemItemWeight === undefined) {
    await better(weightGrid.itemItemWeight.map((itemItemWeight) => ({ itemItemWeight })));
  }
  const [first, ...others] = priors.popularity.keys();
  if (first !== undefined && fixed.popularityWeight === undefined) {
    await better(
      weightGrid.popularityWeight.map((popularityWeight) => ({ popularityWeight, popularityHalfLife: first })),
    );
    const popularityWeight = best.weights.popularityWeight || 0.1;
    await better(others.map((popularityHalfLife) => ({ popularityHalfLife, popularityWeight })));
  }
  return best;
}
