'use server';

import { createRule, deleteRule, enableRule, type RuleInput } from '@duet/ranking/rules';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';

const idForm = z.object({ id: z.uuid() });

/** Makes a rule. Returns the sentence that says what is wrong with the form; '' where nothing is. */
export const addRule = guarded(
  'rules/addRule',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const { datasetId, concerns, name, ...rest } = Object.fromEntries(
      [...data].filter(([, value]) => typeof value === 'string' && value.trim() !== ''),
    ) as Record<string, string>;
    const dataset = z.uuid('Choose a dataset.').safeParse(datasetId);
    if (!dataset.success) return dataset.error.issues[0]!.message;
    const input = { ...rest, [concerns === 'category' ? 'category' : 'itemId']: name } as unknown as RuleInput;
    const { problem } = await attempt(async () => createRule(db, dataset.data, input, by));
    refresh();
    // The form calls both its field "Item"; the sentence of the API names its own.
    return problem?.replace(/^field itemId: /, '') ?? '';
  },
);

/** Switches a rule on or off. */
export const switchRule = guarded(
  'rules/switchRule',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = idForm.extend({ enabled: z.enum(['true', 'false']) }).safeParse(Object.fromEntries(data));
    if (!parsed.success) return 'This is not a rule.';
    const { id, enabled } = parsed.data;
    const { problem } = await attempt(async () => enableRule(db, id, enabled === 'true', by));
    refresh();
    return problem ?? '';
  },
);

export const removeRule = guarded(
  'rules/removeRule',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = idForm.safeParse(Object.fromEntries(data));
    if (!parsed.success) return 'This is not a rule.';
    const { problem } = await attempt(async () => deleteRule(db, parsed.data.id, by));
    refresh();
    return problem ?? '';
  },
);
