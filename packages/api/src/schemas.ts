import { isStorable, unstorableReason } from '@duet/db';
import { eventSchema } from '@duet/experiments';
import { answerSources, filterPart, filterSchema, listNames } from '@duet/serving';
import { z } from 'zod';
import type { SentEvent } from './log-events.ts';

/**
 * What goes over the wire, in and out. The router is checked against it, the OpenAPI document and the published
 * client's types are made from it, and each description is read by whoever calls.
 */

/** A text that may come to be stored. */
const storable = (most: number) => z.string().max(most).refine(isStorable, { error: unstorableReason });
export const id = storable(200).min(1);
const count = (most: number, otherwise: number) => z.int().min(1).max(most).default(otherwise);
const userId = id.describe(
  "The shop's own id of the user, by whom experiments are split. With a publishable key it is the visitor's.",
);
const itemId = id.describe("The shop's own id of the item.");
const modelId = z.uuid().optional().describe('Asks this model and no experiment. Needs the scope admin.');
const minor = z.number().nullable().describe("In minor units of the answer's currency; null where there is none.");
const currency = z.string().describe('ISO 4217 code of the prices.');

const filters = filterSchema
  .optional()
  .describe(
    'What every item of the answer must pass: { "category": ["Mugs"] }, { "all": [{ "price": { "max": 999 } }, …] }.',
  );
const context = z
  .record(z.string().max(100), z.string().max(200))
  .optional()
  .describe('The situation, by the dataset\'s context columns: { "device": "phone" }. The time is now.');
const placement = storable(100)
  .optional()
  .describe('Where the shop shows the list: "home", "basket". Events carry it too.');
const fields = z
  .array(z.string().min(1).max(200))
  .max(50)
  .optional()
  .describe('The items\' own fields that the answer carries, by the catalogue\'s columns: ["brand", "image_url"].');
const language = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/)
  .optional()
  .describe("Of the reasons' sentences, such as de: by default the dataset's.");
const cursor = z
  .string()
  .max(50_000)
  .optional()
  .describe('The nextCursor of the page before: goes on with the list, and shows nothing twice.');
const consent = z
  .boolean()
  .default(true)
  .describe(
    'False for a visitor who agreed to nothing: a list as everybody gets it, of no experiment, of which no user is known.',
  );
const exclude = z.array(id).max(1000).default([]).describe('Items that must not be in the answer.');

export const retrieveInput = z.strictObject({
  userId: userId.optional(),
  query: id
    .optional()
    .describe("What the user searches for, where the dataset answers queries: a query's id, or text."),
  features: z
    .record(z.string().max(100), z.string().max(200))
    .optional()
    .describe(
      "What is known of the user, by the columns of the dataset's users: for one who is not in the data, or over what they say.",
    ),
  history: z
    .array(id)
    .max(200)
    .optional()
    .describe('Items that the user had lately, oldest first: for one who is not in the data, or beside what they say.'),
  context,
  k: count(1000, 20).describe('How many items.'),
  placement,
  filters,
  seen: z
    .enum(['hide', 'show', 'only'])
    .default('hide')
    .describe('What becomes of what the user bought: hide, show, or only (to buy it again).'),
  cursor,
  modelId,
  diversity: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      "How much categories are spread over the list, 0 (none) to 1; what an experiment's arm says comes first.",
    ),
  fields,
  language,
  consent,
  rank: z
    .boolean()
    .default(true)
    .describe("False leaves the items in retrieval order: of the shop's rules only blocks are kept."),
  exclude,
  at: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(
      'Answers as of this moment and not of now, without what the user did lately. Needs the scope admin or simulate.',
    ),
});

const howMany = count(100, 20).describe('How many items.');

export const similarItemsInput = z.strictObject({
  ...{ itemId, k: howMany, placement, filters, exclude, fields, modelId },
});

const listed = {
  userId: userId.optional(),
  k: howMany,
  placement,
  filters,
  exclude,
  fields,
  consent,
  seen: z.enum(['hide', 'show']).default('hide').describe('Whether what the user bought is left out: hide, or show.'),
};
const windowOf = <const W extends readonly [string, ...string[]]>(names: W, otherwise: NoInfer<W[number]>) =>
  z
    .enum(names)
    .default(otherwise as never)
    .describe('The time that counts, back from the newest purchase.');

export const popularInput = z.strictObject({ ...listed, window: windowOf(['day', 'week', 'month', 'all'], 'month') });
export const trendingInput = z.strictObject({ ...listed, window: windowOf(['day', 'week'], 'week') });
export const newArrivalsInput = z.strictObject(listed);
export const recentlyViewedInput = z.strictObject(listed);
export const boughtTogetherInput = z.strictObject({
  ...listed,
  itemIds: z.array(id).min(1).max(100).describe('What is looked at, or in the basket.'),
});

export const similarUsersInput = z.strictObject({ userId, k: count(100, 20).describe('How many users.'), modelId });

export const searchInput = z.strictObject({
  query: z.string().trim().min(1).max(200).describe('What was typed.'),
  userId: userId.optional(),
  context,
  k: howMany,
  placement,
  filters,
  fields,
  facets: z
    .array(z.string().min(1).max(200))
    .max(20)
    .optional()
    .describe('What the items found are counted by: "category", "price", "inStock", or an attribute of the catalogue.'),
  exclude,
  cursor,
  consent,
  modelId,
});

export const shoppersInput = z.strictObject({
  limit: count(500, 50),
  search: z.string().max(200).optional().describe('Part of an id, or of an attribute.'),
});

export const identifyInput = z.strictObject({
  anonymousId: id.describe('The id of before the log-in.'),
  userId: userId.describe("The shop's own id of who logged in."),
});

export const identifyAnswer = z.object({
  userId,
  events: z.int().describe('Events of the anonymous id that are the user’s now.'),
  arms: z
    .record(z.string(), z.object({ armId: z.string(), phase: z.int() }))
    .describe('By running experiment: the arm of the first exposure of either id, which the user keeps.'),
});

export const itemInput = z.strictObject({ itemId, fields });

export const historyInput = z.strictObject({ userId, limit: count(500, 50) });

/** A JSON Schema without what only zod needs said: a format's pattern, and that an integer is a safe one. */
export function readable({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** An event as its sender writes it: a page's need not say the user, but may say whose it is. */
function eventJson() {
  const { $schema: _, required = [], ...schema } = z.toJSONSchema(eventSchema, { io: 'input', override: readable });
  const visitor = {
    type: 'string',
    description: 'The signed id of the visitor whose event it is, by a publishable key: by default the request’s.',
  };
  return {
    ...schema,
    properties: { ...schema.properties, visitor },
    required: required.filter((field) => !['userId', 'eventId', 'occurredAt'].includes(field)),
  };
}

/** Events are checked one by one by `logEvents`, so that a bad one does not take the others of its batch with it. */
export const logInput = z.strictObject({
  events: z
    .array(z.custom<SentEvent>().meta(eventJson()))
    .max(1000)
    .describe('Each is checked by itself: a bad one is rejected alone.'),
  sentAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(
      'The time on the sender’s clock as it sends the batch: where that clock is wrong, the events’ times are put right.',
    ),
});

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

/** Parts of inputs and of answers that have a name of their own in the document. */
export const inputParts = { Filter: filterPart };
export const parts = {
  ListedItem: listedItem,
  RecommendedItem: recommendedItem,
  FoundItem: foundItem,
  Shopper: shopper,
};

// By the names that they have in the document, from which the published client's types are made.
export type RetrieveInput = z.input<typeof retrieveInput>;
export type RetrieveAnswer = z.infer<typeof retrieveAnswer>;
export type RecommendedItem = z.infer<typeof recommendedItem>;
export type FoundItem = z.infer<typeof foundItem>;
export type SimilarItemsInput = z.input<typeof similarItemsInput>;
export type SimilarItemsAnswer = z.infer<typeof similarItemsAnswer>;
export type PopularInput = z.input<typeof popularInput>;
export type TrendingInput = z.input<typeof trendingInput>;
export type NewArrivalsInput = z.input<typeof newArrivalsInput>;
export type RecentlyViewedInput = z.input<typeof recentlyViewedInput>;
export type BoughtTogetherInput = z.input<typeof boughtTogetherInput>;
export type PopularAnswer = z.infer<typeof listAnswer>;
export type ListedItem = z.infer<typeof listedItem>;
export type SimilarUsersInput = z.input<typeof similarUsersInput>;
export type SimilarUsersAnswer = z.infer<typeof similarUsersAnswer>;
export type SearchInput = z.input<typeof searchInput>;
export type SearchAnswer = z.infer<typeof searchAnswer>;
export type CatalogueShoppersInput = z.input<typeof shoppersInput>;
export type Shopper = z.infer<typeof shopper>;
export type UsersIdentifyInput = z.input<typeof identifyInput>;
export type UsersIdentifyAnswer = z.infer<typeof identifyAnswer>;
export type CatalogueItemInput = z.input<typeof itemInput>;
export type CatalogueItemAnswer = z.infer<typeof itemAnswer>;
export type HistoryInput = z.input<typeof historyInput>;
export type HistoryAnswer = z.infer<typeof historyAnswer>;
export type HealthAnswer = z.infer<typeof healthAnswer>;
export type EventsLogInput = z.input<typeof logInput>;
export type EventsLogAnswer = z.infer<typeof logAnswer>;
