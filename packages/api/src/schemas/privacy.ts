import { z } from 'zod';
import { id } from './values.ts';

const userId = id.describe("The shop's own id of the customer, or the id of a visitor who never logged in.");

export const customerInput = z.strictObject({ userId });
export const erasureInput = z.strictObject({ erasureId: z.uuid().describe('As users.forget answered it.') });

const rows = z.array(z.record(z.string(), z.unknown()));

export const customerAnswer = z.object({
  userId,
  imported: z.object({
    interactions: rows.describe('Of the log: what was imported, and events that became data.'),
    pending: rows.describe('Sent by interactions.write, and not in the log yet.'),
    title: z.string(),
    attributes: z.record(z.string(), z.unknown()),
  }),
  Event: rows.describe('Logged events that are kept.'),
  RollupUser: rows.describe('Of each experiment: the arm, and what they did before it.'),
  RollupUserDay: rows.describe('Of each experiment: sums by day.'),
  InterleavedUserDay: rows,
  UserAlias: rows.describe('Ids that they had before they logged in.'),
});

export const erasureAnswer = z.object({
  erasureId: z.string(),
  fingerprint: z.string().describe('SHA-256 of dataset and id, hex: what stays of the id, to find the erasure by.'),
  status: z.enum(['queued', 'running', 'done', 'failed']),
  error: z.string().nullable().describe('Of a failed one: why. users.forget tries again.'),
  removed: z.record(z.string(), z.int()).describe('The proof: how much was removed, by what had it.'),
  left: z.record(z.string(), z.int()).describe('What was there at the last look: all zero.'),
  remaining: z
    .array(z.object({ what: z.string(), until: z.string() }))
    .describe('What names the customer still, and until when.'),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
});

// By the names that they have in the document.
export type UsersExportInput = z.input<typeof customerInput>;
export type UsersExportAnswer = z.infer<typeof customerAnswer>;
export type UsersErasureInput = z.input<typeof erasureInput>;
export type UsersForgetAnswer = z.infer<typeof erasureAnswer>;
