import type { RetrieveAnswer, RetrieveInput } from '@duet/client';
import type { Dataset } from '@duet/db';
import { heldOutItems, type Purchase, purchasesOf } from '#data/datasets/interactions.ts';
import { type Attempt, attempt } from '#data/problem.ts';
import { database, retrieval } from '#data/services.ts';
import { minorUnits } from '#format.ts';
import { modelTitle } from './model-title.ts';
import { trainingSplit } from './models.ts';

/** A dataset's models that can answer: those with an active index, newest first. */
export async function servedModels(datasetId: string) {
  const { prisma } = await database();
  const models = await prisma.model.findMany({
    where: { datasetId, indexes: { some: { active: true } } },
    orderBy: { createdAt: 'desc' },
    include: {
      championOf: { select: { id: true } },
      arms: {
        where: { weight: { gt: 0 }, experiment: { status: 'running', simulated: false } },
        select: { control: true },
      },
    },
  });
  return models.map((model) => ({ ...model, name: modelTitle(model) }));
}

export type ServedModel = Awaited<ReturnType<typeof servedModels>>[number];

export interface Comparison {
  left: RetrieveAnswer;
  right: RetrieveAnswer;
  history: Purchase[];
  /** Items that the user bought in the part held out from the models; undefined where that is not known. */
  later: Set<string> | undefined;
  /** The split they were held out by. */
  split: string | undefined;
  /** Items in both lists. */
  common: number;
}

/** What the playground's form asks of the items. */
export interface CandidateFilter {
  category: string;
  /** In major units. */
  priceUpTo: string;
  inStock: boolean;
  tag: string;
}

/** The form as the API takes it; undefined where it asks nothing. */
function filterOf(filter: CandidateFilter, currency: string): RetrieveInput['filters'] {
  const price = Number(filter.priceUpTo.replace(',', '.'));
  const conditions: NonNullable<RetrieveInput['filters']>[] = [
    ...(filter.category === '' ? [] : [{ category: [filter.category] }]),
    ...(filter.priceUpTo === '' || !(price >= 0)
      ? []
      : [{ price: { max: Math.round(price * 10 ** minorUnits(currency)) } }]),
    ...(filter.inStock ? [{ inStock: true }] : []),
    ...(filter.tag === '' ? [] : [{ tag: [filter.tag] }]),
  ];
  return conditions.length > 1 ? { all: conditions } : conditions[0];
}

/** Both models' 100 candidates for one user, before any ranking, with what the user bought before and after. */
export const compare = (
  dataset: Dataset,
  userId: string,
  left: ServedModel,
  right: ServedModel,
  filter: CandidateFilter,
): Promise<Attempt<Comparison>> =>
  attempt(async () => {
    const client = await retrieval();
    const filters = filterOf(filter, dataset.currency);
    const candidates = ({ id }: ServedModel) => client.retrieve({ userId, k: 100, modelId: id, rank: false, filters });
    const [leftAnswer, rightAnswer, history] = await Promise.all([
      candidates(left),
      candidates(right),
      purchasesOf(dataset, userId, 200),
    ]);
    const leftSplit = trainingSplit(left);
    const split = leftSplit === trainingSplit(right) ? leftSplit : undefined;
    const { value: heldOut } = await attempt(async () =>
      split === undefined ? undefined : heldOutItems(dataset, split, userId),
    );
    const inLeft = new Set(leftAnswer.items.map(({ itemId }) => itemId));
    return {
      left: leftAnswer,
      right: rightAnswer,
      history,
      later: heldOut && new Set(heldOut),
      split,
      common: rightAnswer.items.filter(({ itemId }) => inLeft.has(itemId)).length,
    };
  });
