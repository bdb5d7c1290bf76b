'use server';

import { createRule, deleteRule, enableRule, type RuleInput } from '@duet/ranking/rules';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { attempt } from '#data/problem.ts';
import { author, database } from '#data/services.ts';

const idForm = z.object({ id: z.uuid() });

/** Makes a rule. Returns the sentence that says what is wrong with the form; '' where nothing is. */
export async function addRule(_: string | undefined, data: FormData): Promise<string> {
  const db = await database();
  const { datasetId, concerns, name, ...rest } = Object.fromEntries(
    [...data].filter(([, value]) => typeof value === 'string' && value.trim() !== ''),
  ) as Record<string, string>;
  const dataset = z.uuid('Choose a dataset.').safeParse(datasetId);
  if (!dataset.success) return dataset.error.issues[0]!.message;
  const input = { ...rest, [concerns === 'category' ? 'category' : 'itemId']: name } as unknown as RuleInput;
  const { problem } = await attempt(async () => createRule(db, dataset.data, input, await author()));
  refresh();
  // The form calls both its field "Item"; the sentence of the API names its own.
  return problem?.replace(/^field itemId: /, '') ?? '';
}

/** Switches a rule on or off. */
export async function switchRule(_: string | undefined, data: FormData): Promise<string> {
  const db = await database();
  const parsed = idForm.extend({ enabled: z.enum(['true', 'false']) }).safeParse(Object.fromEntries(data));
  if (!parsed.success) return 'This is not a rule.';
  const { id, enabled } = parsed.data;
  const { problem } = await attempt(async () => enableRule(db, id, enabled === 'true', await author()));
  refresh();
  return problem ?? '';
}

export async function removeRule(_: string | undefined, data: FormData): Promise<string> {
  const db = await database();
  const parsed = idForm.safeParse(Object.fromEntries(data));
  if (!parsed.success) return 'This is not a rule.';
  const { problem } = await attempt(async () => deleteRule(db, parsed.data.id, await author()));
  refresh();
  return problem ?? '';
}
