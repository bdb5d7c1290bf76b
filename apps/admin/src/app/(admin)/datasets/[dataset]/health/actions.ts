'use server';

import { type AlertKind, addDestination, removeDestination, tryDestination, watchHealth } from '@duet/pipeline/control';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';

/** Looks at a dataset with every check now. */
export const checkNow = guarded(
  'health/checkNow',
  async ({ db }, _: string | undefined, data: FormData): Promise<string> => {
    const datasetId = z.uuid().safeParse(data.get('datasetId'));
    if (!datasetId.success) return 'This dataset has been deleted.';
    const { problem } = await attempt(() => watchHealth(db, datasetId.data));
    refresh();
    return problem ?? '';
  },
);

export interface Added {
  /** Key of the signatures, which nothing shows again. */
  secret?: string;
  problem?: string;
}

export interface WebhookTest {
  arrived?: true;
  problem?: string;
}

/** Adds a place that a dataset's alerts are sent to, and tells its secret this once. */
export const addWebhook = guarded(
  'health/addWebhook',
  async ({ db, by }, _: Added, data: FormData): Promise<Added> => {
    const text = (name: string) => String(data.get(name) ?? '');
    const request = { name: text('name'), url: text('url'), datasetId: text('datasetId') };
    const kinds = data.getAll('kinds').map(String) as AlertKind[];
    const { value, problem } = await attempt(async () => addDestination(db, { ...request, kinds }, by));
    if (value === undefined) return { problem };
    refresh();
    return { secret: value.secret };
  },
  (problem) => ({ problem }),
);

export const removeWebhook = guarded(
  'health/removeWebhook',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const { problem } = await attempt(async () => removeDestination(db, String(data.get('name')), by));
    refresh();
    return problem ?? '';
  },
);

/** Sends an alert now, to see that alerts arrive. Says what came of it either way. */
export const tryWebhook = guarded(
  'health/tryWebhook',
  async ({ db, by }, _: WebhookTest, data: FormData): Promise<WebhookTest> => {
    const { problem } = await attempt(async () => tryDestination(db, String(data.get('name')), by));
    return problem === undefined ? { arrived: true } : { problem };
  },
  (problem) => ({ problem }),
);
