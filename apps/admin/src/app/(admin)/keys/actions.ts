'use server';

import { apiScope, createApiKey, revokeApiKey, signingSecret } from '@duet/db';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';

const rate = z
  .string()
  .trim()
  .regex(/^\d*$/, 'A rate is a whole number.')
  .transform((text) => (text === '' ? null : Number(text)));

const createForm = z.object({
  name: z.string().trim().min(1, 'A key needs a name, such as the shop that uses it.').max(100),
  kind: z.enum(['secret', 'publishable']),
  datasetId: z.uuid('A key belongs to a dataset: import one first.'),
  scopes: z.array(apiScope).min(1, 'A key needs at least one scope.'),
  origins: z.string().transform((text) => text.split(/[\s,]+/).filter((origin) => origin !== '')),
  rateLimit: rate,
  rateBurst: rate,
});

export interface Created {
  /** The secret, which nobody can ask for again. */
  key?: string;
  /** Of a publishable key: what the shop's server signs its visitors with. */
  signingSecret?: string;
  problem?: string;
}

/** Makes a key and tells it, this once. */
export const create = guarded(
  'keys/create',
  async ({ db, by }, _: Created, data: FormData): Promise<Created> => {
    const form = { origins: '', ...Object.fromEntries(data), scopes: data.getAll('scopes') };
    const parsed = createForm.safeParse(form);
    if (!parsed.success) return { problem: parsed.error.issues[0]!.message };
    const { value, problem } = await attempt(() => createApiKey(db, parsed.data, by));
    if (problem !== undefined) return { problem };
    refresh();
    const { kind, datasetId } = parsed.data;
    return { key: value.key, ...(kind === 'publishable' && { signingSecret: await signingSecret(db, datasetId) }) };
  },
  (problem) => ({ problem }),
);

/** Ends a key for good. */
export const revoke = guarded(
  'keys/revoke',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const { problem } = await attempt(() => revokeApiKey(db, String(data.get('id')), by));
    refresh();
    return problem ?? '';
  },
);
