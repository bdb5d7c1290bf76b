import type { RetrieveAnswer, RetrieveInput, Shopper } from '@duet/api/client';
import { minorUnits } from '#format.ts';
import { heldOutItems } from './interactions.ts';
import { trainingSplit } from './models.ts';
import { type Attempt, attempt } from './problem.ts';
import { database, retrieval } from './services.ts';

export type History = Awaited<ReturnType<Awaited<ReturnType<typeof retrieval>>['history']>>;

/** Models that can answer: those with an active index, newest first. */
export async function servedModels() {
  const { prisma } = await database();
  return prisma.model.findMany({
    where: { indexes: { some: { active: true } } },
    orderBy: { createdAt: 'desc' },
    include: { dataset: true },
  });
}

export type ServedModel = Awaited<ReturnType<typeof servedModels>>[number];

/** Real customers whose id begins with, or holds, `search`. */
export const shoppers = (search: string): Promise<Attempt<Shopper[]>> =>
  attempt(async () => (await retrieval()).catalogue.shoppers({ limit: 24, ...(search && { search }) }));

export interface Comparison {
  left: RetrieveAnswer;
  right: RetrieveAnswer;
  history: History;
  /** Items that the user bought in the part held out from the models; undefined where that is not known. */
  later: Set<string> | undefined;
  /** The split they were held out by. */
  split: string | undefined;
  /** Items in both lists. */
  common: number;
}

/** What the playground's form asks of the items. */
export interface AskedFilter {
  category: string;
  /** In major units. */
  priceUpTo: string;
  inStock: boolean;
  tag: string;
}

/** The form as the API takes it; undefined where it asks nothing. */
function filterOf(asked: AskedFilter, currency: string): RetrieveInput['filters'] {
  const price = Number(asked.priceUpTo.replace(',', '.'));
  const conditions: NonNullable<RetrieveInput['filters']>[] = [
    ...(asked.category === '' ? [] : [{ category: [asked.category] }]),
    ...(asked.priceUpTo === '' || !(price >= 0)
      ? []
      : [{ price: { max: Math.round(price * 10 ** minorUnits(currency)) } }]),
    ...(asked.inStock ? [{ inStock: true }] : []),
    ...(asked.tag === '' ? [] : [{ tag: [asked.tag] }]),
  ];
  return conditions.length > 1 ? { all: conditions } : conditions[0];
}

/** Both models' 100 candidates for one user, before any ranking, with what the user bought before and after. */
export const compare = (
  userId: string,
  left: ServedModel,
  right: ServedModel,
  asked: AskedFilter,
): Promise<Attempt<Comparison>> =>
  attempt(async () => {
    const client = await retrieval();
    const candidates = ({ id, dataset }: ServedModel) =>
      client.retrieve({ userId, k: 100, modelId: id, rank: false, filters: filterOf(asked, dataset.currency) });
    const [leftAnswer, rightAnswer, history] = await Promise.all([
      candidates(left),
      candidates(right),
      client.history({ userId, limit: 200 }),
    ]);
    const own = trainingSplit(left);
    const split = own === trainingSplit(right) && left.datasetId === right.datasetId ? own : undefined;
    const { value: heldOut } = await attempt(async () =>
      split === undefined ? undefined : heldOutItems(left.dataset, split, userId),
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
