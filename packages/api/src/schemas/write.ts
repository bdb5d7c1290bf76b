import { interactionWrite, itemWrites, userWrite } from '@duet/datasets';
import { z } from 'zod';
import { describeDefault } from '../rest/openapi.ts';

// What a shop's server writes. Rows of a batch are checked one by one, so that a bad one costs no other: here they are
// anything, described as what they should be.

/** Rows that one call takes at most. */
const mostRows = 10_000;

const rowsOf = <Row extends z.ZodType>(row: Row) => {
  const { $schema: _, ...json } = z.toJSONSchema(row, {
    io: 'input',
    override: ({ jsonSchema }) => describeDefault(jsonSchema),
  });
  return z
    .array(z.custom<z.input<Row>>().meta(json))
    .max(mostRows)
    .describe('Each is checked by itself: a bad one is rejected alone.');
};

const { put, patch, delete: remove } = itemWrites;
export const putItemInput = put.omit({ op: true });
export const patchItemInput = patch.omit({ op: true });
export const deleteItemInput = remove.omit({ op: true });
export const writeItemsInput = z.strictObject({ items: rowsOf(z.union([put, patch, remove])) });
export const writeUsersInput = z.strictObject({ users: rowsOf(userWrite) });
export const writeInteractionsInput = z.strictObject({ interactions: rowsOf(interactionWrite) });

export const writtenItem = z.object({
  itemId: z.string(),
  result: z.enum(['added', 'updated', 'unchanged']),
});

export const written = z.object({
  results: z
    .array(
      z.object({
        id: z.string().nullable().describe('Of the item or user; null where the row has none.'),
        result: z.enum(['added', 'updated', 'unchanged', 'accepted', 'rejected']),
        reason: z.string().optional().describe('Why it was rejected.'),
      }),
    )
    .describe('What became of each row, in their order.'),
});

// By the names that they have in the document.
export type ItemsPutInput = z.input<typeof putItemInput>;
export type ItemsPatchInput = z.input<typeof patchItemInput>;
export type ItemsDeleteInput = z.input<typeof deleteItemInput>;
export type ItemsWriteInput = z.input<typeof writeItemsInput>;
export type UsersWriteInput = z.input<typeof writeUsersInput>;
export type InteractionsWriteInput = z.input<typeof writeInteractionsInput>;
export type ItemsPutAnswer = z.infer<typeof writtenItem>;
export type ItemsWriteAnswer = z.infer<typeof written>;
