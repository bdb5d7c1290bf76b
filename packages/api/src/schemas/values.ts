import { isStorable, unstorableReason } from '@duet/db';
import { filterSchema } from '@duet/serving';
import { z } from 'zod';

/**
 * What inputs and answers have in common. The router is checked against these schemas, the OpenAPI document and the
 * published client's types are made from them, and each description is read by whoever calls.
 */

/** A text that may come to be stored. */
const storable = (most: number) => z.string().max(most).refine(isStorable, { error: unstorableReason });
export const id = storable(200).min(1);
export const count = (most: number, otherwise: number) => z.int().min(1).max(most).default(otherwise);
export const userId = id.describe(
  "The shop's own id of the user, by whom experiments are split. With a publishable key it is the visitor's.",
);
export const itemId = id.describe("The shop's own id of the item.");
export const modelId = z.uuid().optional().describe('Asks this model and no experiment. Needs the scope admin.');
export const minor = z
  .number()
  .nullable()
  .describe("In minor units of the answer's currency; null where there is none.");
export const currency = z.string().describe('ISO 4217 code of the prices.');

export const filters = filterSchema
  .optional()
  .describe(
    'What every item of the answer must pass: { "category": ["Mugs"] }, { "all": [{ "price": { "max": 999 } }, …] }.',
  );
export const context = z
  .record(z.string().max(100), z.string().max(200))
  .optional()
  .describe('The situation, by the dataset\'s context columns: { "device": "phone" }. The time is now.');
export const placement = storable(100)
  .optional()
  .describe('Where the shop shows the list: "home", "basket". Events carry it too.');
export const fields = z
  .array(z.string().min(1).max(200))
  .max(50)
  .optional()
  .describe('The items\' own fields that the answer carries, by the catalogue\'s columns: ["brand", "image_url"].');
export const language = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/)
  .optional()
  .describe("Of the reasons' sentences, such as de: by default the dataset's.");
export const cursor = z
  .string()
  .max(50_000)
  .optional()
  .describe('The nextCursor of the page before: goes on with the list, and shows nothing twice.');
export const consent = z
  .boolean()
  .default(true)
  .describe(
    'False for a visitor who agreed to nothing: a list as everybody gets it, of no experiment, of which no user is known.',
  );
export const exclude = z.array(id).max(1000).default([]).describe('Items that must not be in the answer.');
