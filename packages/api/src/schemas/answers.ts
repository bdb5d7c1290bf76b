import { answerSources, listNames } from '@duet/serving';
import { z } from 'zod';
import { currency, itemId, minor, userId } from './values.ts';

const shown = {
  itemId,
  title: z.string(),
  category: z.string().nullable(),
  priceMinor: minor,
  inStock: z.boolean(),
  fields: z
    .record(z.string(), z.string())
    .optional()
    .describe('Those of its own fields that were asked for; several values are joined by |.'),
};

const named = z.object({ id: z.string(), name: z.string() });

/** How an item came into a list that chance had a part in: what its events carry. */
const drawn = {
  arm: named.optional().describe('Where two arms’ lists are merged: whose item it is. Send its id with its events.'),
  propensity: z
    .number()
    .optional()
    .describe('Where lists are explored: how likely the item was there. Send it with its impression.'),
};

const rules = z.array(z.string()).describe("Ids of the shop's rules that moved it.");

const foundItem = z.object({
  ...shown,
  score: z
    .number()
    .describe(
      'What the list is ordered by: the retrieval score, or 1 / retrievalRank × what rules say where they concern an item of it.',
    ),
  retrievalScore: z.number(),
  retrievalRank: z.int().describe('From 1.'),
  rules,
  ...drawn,
});

const reason = z.object({
  kind: z.enum(['bought-together', 'seen-together', 'category', 'taste', 'best-seller', 'pinned', 'buy-again']),
  text: z.string().describe('For the shopper, in their language.'),
  itemId: itemId.optional().describe('The item of theirs that it goes with.'),
  title: z.string().optional().describe('Of that item.'),
  category: z.string().optional(),
  days: z.int().optional().describe('Of buy-again: days after which the item is usually bought again.'),
});

const recommendedItem = z.object({
  ...shown,
  score: z
    .number()
    .describe(
      'What the list is ordered by: the probability (without a ranker 1 / retrievalRank) × value^α × what rules say; the retrieval score with rank false.',
    ),
  probability: z.number().nullable().describe('That the user takes it, by the ranker.'),
  retrievalScore: z.number().nullable().describe('Null for a pinned item that was not retrieved.'),
  retrievalRank: z.int().nullable().describe('From 1; null for a pinned item that was not retrieved.'),
  reason: reason.describe('Why it is there.'),
  rules,
  ...drawn,
});

const answeredModel = z.object({ id: z.string(), name: z.string(), kind: z.string() });

const answeredIndex = z.object({
  id: z.string(),
  version: z.int().describe("Counts the model's indexes from 1."),
  factory: z.string(),
  engine: z.string(),
});

const answeredBy = {
  source: z
    .enum(answerSources)
    .describe(
      'model: nearest by a model’s vectors. popular: the best sellers, since nothing else could answer. ' +
        'bought: what the user bought before, where `seen` is only.',
    ),
  fallbacks: z
    .array(z.string())
    .describe('Why what should have answered did not, in the order in which it was tried: a sentence each.'),
  model: answeredModel.nullable().describe('Null where no model was asked: fallbacks says why.'),
  index: answeredIndex.nullable(),
  currency,
};
const explained = {
  placement: z.string().describe('As it was asked; empty where it was not.'),
  why: z.string().describe('How the list came about, a sentence for people.'),
};
const trial = {
  experiment: named.optional().describe('Send its id with the events of this list.'),
  arm: named
    .extend({
      kept: z
        .literal(true)
        .optional()
        .describe('Where the user was exposed to it before they logged in, and keeps it.'),
    })
    .optional()
    .describe('Send its id with the events of this list. Missing where each item has one of its own.'),
};

export const retrieveAnswer = z.object({
  requestId: z.string().describe('Send it with the events of this list.'),
  userId: userId.nullable().describe('Null where the request named nobody: such a list is of no experiment.'),
  ...answeredBy,
  ...explained,
  known: z.boolean().describe('False for a user of whom the model knows nothing, who gets the best sellers.'),
  ranker: z.object({ id: z.string() }).nullable(),
  ...trial,
  items: z.array(recommendedItem).describe('Best first.'),
  nextCursor: z.string().nullable().describe('Asks for the next page; null where there is none.'),
  tookMs: z.number(),
});

export const similarItemsAnswer = z.object({ ...answeredBy, items: z.array(foundItem) });

const listedItem = z.object({
  ...shown,
  score: z.number().describe('What the list is ordered by: comparable among items of one source.'),
  source: z.enum([...listNames, 'similar']).describe('The list that was asked for, or what fills it up.'),
  rules,
});

export const listAnswer = z.object({
  requestId: z.string().describe('Send it with the events of this list.'),
  userId: userId.nullable().describe('Null where the request named nobody.'),
  currency,
  placement: explained.placement,
  source: listedItem.shape.source.describe('Of the first item.'),
  fallbacks: z.array(z.string()).describe('Why another list fills this one up, a sentence each.'),
  items: z.array(listedItem).describe('Best first.'),
});

const described = {
  userId,
  title: z.string().describe("A query's text; empty where there is none."),
  attributes: z.record(z.string(), z.string()),
};

export const similarUsersAnswer = z.object({
  ...answeredBy,
  users: z
    .array(z.object({ ...described, score: z.number().describe('Cosine of both vectors.') }))
    .describe('Most alike first.'),
});

export const searchAnswer = z.object({
  requestId: z.string().describe('Send it with the events of this list.'),
  ...answeredBy,
  ...explained,
  by: z
    .enum(['model', 'titles'])
    .describe('model: it learnt from queries. titles: by the words of titles and categories.'),
  corrected: z.string().nullable().describe('The query as it was understood, where a word had a typo; else null.'),
  total: z.int().describe('Items that have all the words, or as many as any.'),
  facets: z
    .record(
      z.string(),
      z.object({
        values: z.array(z.object({ value: z.string(), count: z.int() })).describe('Most items first.'),
        range: z.object({ min: z.number(), max: z.number() }).optional().describe('Of the price, in minor units.'),
      }),
    )
    .describe('How those divide, by what was asked.'),
  ...trial,
  items: z.array(foundItem).describe('Best first.'),
  nextCursor: z.string().nullable().describe('Asks for the next page; null where there is none.'),
  tookMs: z.number(),
});

const shopper = z.object({
  ...described,
  interactions: z.int(),
  orders: z.int().describe('Distinct moments of interaction.'),
});

export const shoppersAnswer = z.array(shopper);

export const identifyAnswer = z.object({
  userId,
  events: z.int().describe('Events of the anonymous id that are the user’s now.'),
  arms: z
    .record(z.string(), z.object({ armId: z.string(), phase: z.int() }))
    .describe('By running experiment: the arm of the first exposure of either id, which the user keeps.'),
});

export const itemAnswer = z.object({ ...shown, currency });

const bought = z.object({
  ...shown,
  at: z.string().nullable().describe('ISO 8601; null where the dataset has only an order.'),
});

export const historyAnswer = z.array(bought);

export const logAnswer = z.object({
  accepted: z.int().describe('Events stored by this call.'),
  repeated: z.int().describe('Events that were stored before and were dropped.'),
  rejected: z
    .array(z.object({ index: z.int(), reason: z.string() }))
    .describe('Events refused, by their place in the batch. They will never be accepted as they are.'),
});

export const visitorAnswer = z.object({
  userId: userId,
  visitor: z
    .string()
    .describe(
      'The id, a dot, and its signature: send it as the header x-duet-visitor, and keep it for the next visit.',
    ),
});

export const healthAnswer = z.object({
  status: z
    .enum(['ok', 'degraded', 'starting'])
    .describe('starting: nothing to serve yet. degraded: it answers, but problems need somebody.'),
  problems: z.array(z.string()),
  fallbacks: z.array(z.string()).describe('What does the work of something faster that is not here, a sentence each.'),
  dataset: z.string().nullable(),
  models: z
    .array(
      answeredModel.extend({
        index: answeredIndex.extend({
          size: z.int(),
          fresh: z.int().describe('New and changed items beside it, which the next build folds in.'),
          outdated: z.int().describe('Vectors in it that are not found any more, of withdrawn or changed items.'),
          waiting: z.int().describe('New items that wait for a training: the model knows items by their ids alone.'),
        }),
      }),
    )
    .describe('What answers now: one entry a model that an experiment or the default needs.'),
  experiments: z.array(z.object({ id: z.string(), name: z.string(), arms: z.array(z.string()) })),
  rankerId: z.string().nullable(),
  since: z.string().nullable().describe('When the plan last changed, ISO 8601.'),
  stale: z
    .string()
    .nullable()
    .describe('Since when nothing could be read of the database: what is served is as of then. Null while it answers.'),
});

/** The one form of every failure, of tRPC, of REST, and of what never reached a procedure. */
export const errorAnswer = z.object({
  error: z.object({
    message: z.string().describe('A sentence that says what was wrong and what to do.'),
    code: z.int().describe('JSON-RPC 2.0.'),
    data: z.object({
      code: z.string().describe('NOT_FOUND, TOO_MANY_REQUESTS …: https://trpc.io/docs/server/error-handling'),
      httpStatus: z.int(),
      path: z.string().optional().describe('The procedure.'),
    }),
  }),
});

/** Parts of answers that have a name of their own in the document. */
export const parts = {
  ListedItem: listedItem,
  RecommendedItem: recommendedItem,
  FoundItem: foundItem,
  Shopper: shopper,
};

// By the names that they have in the document, from which the published client's types are made.
export type RetrieveAnswer = z.infer<typeof retrieveAnswer>;
export type RecommendedItem = z.infer<typeof recommendedItem>;
export type FoundItem = z.infer<typeof foundItem>;
export type SimilarItemsAnswer = z.infer<typeof similarItemsAnswer>;
export type PopularAnswer = z.infer<typeof listAnswer>;
export type ListedItem = z.infer<typeof listedItem>;
export type SimilarUsersAnswer = z.infer<typeof similarUsersAnswer>;
export type SearchAnswer = z.infer<typeof searchAnswer>;
export type Shopper = z.infer<typeof shopper>;
export type UsersIdentifyAnswer = z.infer<typeof identifyAnswer>;
export type CatalogueItemAnswer = z.infer<typeof itemAnswer>;
export type HistoryAnswer = z.infer<typeof historyAnswer>;
export type HealthAnswer = z.infer<typeof healthAnswer>;
export type EventsLogAnswer = z.infer<typeof logAnswer>;
