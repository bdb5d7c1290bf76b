'use server';

import { setStorefront } from '@duet/datasets';
import { exportCustomer, queueErasure } from '@duet/experiments';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { config } from '#data/services.ts';

const customer = z.object({
  datasetId: z.uuid('Choose a dataset.'),
  userId: z.string().min(1, 'Say which customer: the id that the shop gave them.').max(200, 'No id is that long.'),
});

/** What is kept of a customer, counted. */
export interface Known {
  userId?: string;
  rows?: { what: string; rows: number }[];
  problem?: string;
}

/** Counts what is kept of a customer. */
export const look = guarded(
  'privacy/look',
  async ({ db, by }, _: Known, data: FormData): Promise<Known> => {
    const parsed = customer.safeParse(Object.fromEntries(data));
    if (!parsed.success) return { problem: parsed.error.issues[0]!.message };
    const ctx = { db, dataDir: config().dataDir };
    const { value, problem } = await attempt(() => exportCustomer(ctx, parsed.data, by));
    if (problem !== undefined) return { problem };
    const { interactions, pending, attributes } = value.imported;
    const rows = [
      { what: 'Interactions of the data', rows: interactions.length },
      { what: 'Interactions that a server sent, not in the data yet', rows: pending.length },
      { what: 'Attributes', rows: Object.keys(attributes).length },
      { what: 'Logged events', rows: value.Event.length },
      { what: 'Experiments that they are counted in', rows: value.RollupUser.length },
      { what: 'Ids from before they logged in', rows: value.UserAlias.length },
    ];
    return { userId: parsed.data.userId, rows };
  },
  (problem) => ({ problem }),
);

/** Has the worker forget a customer. */
export const forget = guarded(
  'privacy/forget',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = customer.safeParse(Object.fromEntries(data));
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { problem } = await attempt(() => queueErasure(db, parsed.data, by));
    refresh();
    return problem ?? '';
  },
);

/** Sets for how many days the events of each type are kept; an empty field means as long as all. */
export const keep = guarded(
  'privacy/keep',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const { datasetId, ...days } = Object.fromEntries(data) as Record<string, string>;
    const dataset = z.uuid('Choose a dataset.').safeParse(datasetId);
    if (!dataset.success) return dataset.error.issues[0]!.message;
    const filled = Object.entries(days).filter(([name, text]) => name.startsWith('days-') && text.trim() !== '');
    const keepDays = Object.fromEntries(filled.map(([name, text]) => [name.slice('days-'.length), Number(text)]));
    const { problem } = await attempt(() => setStorefront(db, dataset.data, { keepDays }, by));
    refresh();
    return problem ?? 'Kept.';
  },
);
