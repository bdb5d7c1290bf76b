import type { Progress } from '@duet/base';
import { type Executor, fitEase, itemNeighbours, popularityScores, scoreByEase, scoreByNeighbours } from '@duet/models';
import { z } from 'zod';
import { byUser, type Scorer } from './scorer.ts';

/** What a model that needs no training is made from. */
export interface BaselineInput {
  executor: Executor;
  /** Each user's distinct items, by user row. */
  lists: readonly Int32Array[];
  items: number;
  progress: Progress;
}

type Fit<S> = (input: BaselineInput, settings: S) => Scorer | Promise<Scorer>;

/** A scorer's settings, what they are unless the caller says otherwise, and how it comes to its scores. */
const baseline = <S extends z.ZodObject>(settings: S, defaults: z.infer<S>, fit: Fit<z.infer<S>>) => ({
  settings,
  defaults,
  fit: (input: BaselineInput, resolved: unknown) => fit(input, settings.parse(resolved)),
});

/** The models of family `scorer`, by kind. */
export const baselines = {
  popularity: baseline(z.strictObject({}), {}, ({ lists, items }) => {
    const popularity = popularityScores(lists, items);
    return byUser((_, scores) => scores.set(popularity));
  }),
  'item-knn': baseline(
    z.strictObject({
      neighbours: z.int().min(1).max(1_000_000).describe('Most similar items that an item keeps.'),
      shrinkage: z
        .number()
        .min(0)
        .max(10_000)
        .describe('Added below the fraction of the cosine: distrusts items that few users share.'),
    }),
    { neighbours: 50, shrinkage: 0 },
    ({ lists, items }, { neighbours, shrinkage }) => {
      const similar = itemNeighbours(lists, items, { neighbours, shrinkage });
      return byUser(({ user }, scores) => scoreByNeighbours(similar, lists[user]!, scores));
    },
  ),
  ease: baseline(
    z.strictObject({ regularisation: z.number().gt(0).max(1e6).describe('λ: penalty of the squared weights.') }),
    { regularisation: 300 },
    async ({ executor, lists, items, progress }, { regularisation }) => {
      const onPivot = (done: number, total: number) => progress({ step: 'fit ease', done, total, unit: 'blocks' });
      const model = await fitEase(executor, lists, items, regularisation, { onPivot });
      return byUser(({ user }, scores) => scoreByEase(model, lists[user]!, scores));
    },
  ),
};

export type BaselineKind = keyof typeof baselines;

export type BaselineSettings = (typeof baselines)[BaselineKind]['defaults'];
