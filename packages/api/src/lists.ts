import type { ListName } from '@duet/serving';
import type { z } from 'zod';
import { datasetOf, requestIdFor } from './caller.ts';
import { answers, scoped, userOf } from './procedures.ts';
import { listAnswer } from './schemas/answers.ts';
import {
  boughtTogetherInput,
  newArrivalsInput,
  popularInput,
  recentlyViewedInput,
  trendingInput,
} from './schemas/inputs.ts';

type ListInput = z.output<typeof newArrivalsInput>;

/** A list that needs no model, or is about an item or a visit. */
const list = <Input extends z.ZodType<ListInput>>(
  name: ListName,
  path: `/v1/${string}`,
  summary: string,
  input: Input,
) =>
  scoped(['retrieve'], { publishable: true })
    .meta({ rest: { method: 'POST', path, summary } })
    .input(input)
    .output(answers(listAnswer))
    .query(async ({ ctx, input }) => {
      const { filters, consent, ...rest } = input as ListInput;
      const userId = consent ? userOf(ctx.caller, rest.userId) : undefined;
      const request = { ...rest, userId, datasetId: datasetOf(ctx.caller), filter: filters };
      // What somebody looked at is of no one who does not want to be known.
      const answer = await ctx.serving.list(consent || name !== 'recently-viewed' ? name : 'popular', request);
      return { requestId: requestIdFor(ctx, userId), userId: userId ?? null, ...answer };
    });

export const listProcedures = {
  popular: list('popular', '/v1/popular', 'The items that are bought most', popularInput),
  trending: list('trending', '/v1/trending', 'The items that sell more than they did', trendingInput),
  newArrivals: list(
    'new',
    '/v1/new-arrivals',
    'The items that the shop has had for the shortest time',
    newArrivalsInput,
  ),
  recentlyViewed: list(
    'recently-viewed',
    '/v1/recently-viewed',
    'What a user looked at and did not buy, newest first',
    recentlyViewedInput,
  ),
  boughtTogether: list(
    'bought-together',
    '/v1/bought-together',
    'What is bought together with items more than chance would have it',
    boughtTogetherInput,
  ),
};
