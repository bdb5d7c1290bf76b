import { type EventInput, eventSchema } from '@duet/experiments';
import { z } from 'zod';

/**
 * What goes over the wire, in and out. The router is checked against it, the OpenAPI document and the published client's
 * types are made from it, and each description is read by whoever calls.
 */

const id = z.string().min(1).max(200);
const count = (most: number, otherwise: number) => z.int().min(1).max(most).default(otherwise);
const userId = id.describe("The shop's own id of the user, by whom experiments are split.");
const itemId = id.describe("The shop's own id of the item.");
const modelId = z.uuid().optional().describe('Asks this model and no experiment. Needs the scope admin.');
const minor = z.number().nullable().describe("In minor units of the answer's currency; null where there is none.");
const currency = z.string().describe('ISO 4217 code of the prices.');

export const retrieveInput = z.strictObject({
  userId,
  query: id
    .optional()
    .describe("What the user searches for, where the dataset answers queries: a query's id, or text."),
  context: z
    .record(z.string().max(100), z.string().max(200))
    .optional()
    .describe('The situation, by the dataset\'s context columns: { "device": "phone" }. The time is now.'),
  k: count(100, 20).describe('How many items.'),
  placement: z
    .string()
    .max(100)
    .optional()
    .describe('Where the shop shows the list: "home", "basket". Events carry it too.'),
  modelId,
  rank: z.boolean().default(true).describe('False leaves the items in retrieval order.'),
  exclude: z.array(id).max(1000).default([]).describe('Items that must not be in the answer.'),
});

export const similarItemsInput = z.strictObject({ itemId, k: count(100, 20).describe('How many items.'), modelId });

export const shoppersInput = z.strictObject({
  limit: count(500, 50),
  search: z.string().max(200).optional().describe('Part of an id, or of an attribute.'),
});

export const itemInput = z.strictObject({ itemId });

export const historyInput = z.strictObject({ userId, limit: count(500, 50) });

/** A JSON Schema without what only zod needs said: a format's pattern, and that an integer is a safe one. */
export function readable({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function eventJson() {
  const { $schema: _, ...schema } = z.toJSONSchema(eventSchema, { io: 'input', override: readable });
  return schema;
}

/** Events are checked one by one by `logEvents`, so that a bad one does not take the others of its batch with it. */
export const logInput = z.strictObject({
  events: z
    .array(z.custom<EventInput>().meta(eventJson()))
    .max(1000)
    .describe('Each is checked by itself: a bad one is rejected alone.'),
  sentAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(
      'The time on the sender’s clock as it sends the batch: where that clock is wrong, the events’ times are put right.',
    ),
});

const shown = { itemId, title: z.string(), category: z.string().nullable(), priceMinor: minor };

const answeredItem = z.object({
  ...shown,
  score: z
    .number()
    .describe('Probability of a purchase by the ranker; the retrieval score where the list is not ranked.'),
  retrievalScore: z.number(),
  retrievalRank: z.int().describe('From 1.'),
});

const named = z.object({ id: z.string(), name: z.string() });
const answeredModel = z.object({ id: z.string(), name: z.string(), kind: z.string() });

const answeredBy = {
  model: answeredModel,
  index: z.object({ id: z.string(), factory: z.string(), engine: z.string() }),
  currency,
};

export const retrieveAnswer = z.object({
  requestId: z.string().describe('Send it with the events of this list.'),
  userId,
  ...answeredBy,
  known: z.boolean().describe('False for a user that the model never saw, who gets the best sellers.'),
  ranker: z.object({ id: z.string() }).nullable(),
  experiment: named.optional().describe('Send its id with the events of this list.'),
  arm: named.optional().describe('Send its id with the events of this list.'),
  items: z.array(answeredItem).describe('Best first.'),
  tookMs: z.number(),
});

export const similarItemsAnswer = z.object({ ...answeredBy, items: z.array(answeredItem) });

const shopper = z.object({
  userId,
  title: z.string().describe("A query's text; empty where there is none."),
  interactions: z.int(),
  orders: z.int().describe('Distinct moments of interaction.'),
  attributes: z.record(z.string(), z.string()),
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

export const healthAnswer = z.object({
  status: z
    .enum(['ok', 'degraded', 'starting'])
    .describe('starting: nothing to serve yet. degraded: it answers, but problems need somebody.'),
  problems: z.array(z.string()),
  dataset: z.string().nullable(),
  models: z
    .array(
      answeredModel.extend({
        index: z.object({ id: z.string(), factory: z.string(), engine: z.string(), size: z.int() }),
      }),
    )
    .describe('What answers now: one entry a model that an experiment or the default needs.'),
  experiments: z.array(z.object({ id: z.string(), name: z.string(), arms: z.array(z.string()) })),
  rankerId: z.string().nullable(),
  since: z.string().nullable().describe('When the plan last changed, ISO 8601.'),
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
export const parts = { RecommendedItem: answeredItem, Shopper: shopper };

export type RetrieveInput = z.input<typeof retrieveInput>;
export type RetrieveAnswer = z.infer<typeof retrieveAnswer>;
export type RecommendedItem = z.infer<typeof answeredItem>;
export type SimilarItemsInput = z.input<typeof similarItemsInput>;
export type SimilarItemsAnswer = z.infer<typeof similarItemsAnswer>;
export type ShoppersInput = z.input<typeof shoppersInput>;
export type Shopper = z.infer<typeof shopper>;
export type ItemInput = z.input<typeof itemInput>;
export type CatalogueItem = z.infer<typeof itemAnswer>;
export type HistoryInput = z.input<typeof historyInput>;
export type HistoryAnswer = z.infer<typeof historyAnswer>;
export type HealthAnswer = z.infer<typeof healthAnswer>;
/** An event as the server takes it. */
export type SentEvent = EventInput;
