import { eventSchema } from '@duet/experiments';
import { filterPart } from '@duet/serving';
import { z } from 'zod';
import type { SentEvent } from '../log-events.ts';
import {
  consent,
  context,
  count,
  cursor,
  exclude,
  fields,
  filters,
  id,
  itemId,
  language,
  modelId,
  placement,
  userId,
} from './values.ts';

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

/** Parts of inputs that have a name of their own in the document. */
export const inputParts = { Filter: filterPart };

// By the names that they have in the document, from which the published client's types are made.
export type RetrieveInput = z.input<typeof retrieveInput>;
export type SimilarItemsInput = z.input<typeof similarItemsInput>;
export type PopularInput = z.input<typeof popularInput>;
export type TrendingInput = z.input<typeof trendingInput>;
export type NewArrivalsInput = z.input<typeof newArrivalsInput>;
export type RecentlyViewedInput = z.input<typeof recentlyViewedInput>;
export type BoughtTogetherInput = z.input<typeof boughtTogetherInput>;
export type SimilarUsersInput = z.input<typeof similarUsersInput>;
export type SearchInput = z.input<typeof searchInput>;
export type CatalogueShoppersInput = z.input<typeof shoppersInput>;
export type UsersIdentifyInput = z.input<typeof identifyInput>;
export type CatalogueItemInput = z.input<typeof itemInput>;
export type HistoryInput = z.input<typeof historyInput>;
export type EventsLogInput = z.input<typeof logInput>;
