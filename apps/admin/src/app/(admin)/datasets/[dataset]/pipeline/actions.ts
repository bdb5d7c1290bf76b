'use server';

import type { Database, RegisteredModel } from '@duet/db';
import {
  changeRegisteredModel,
  deploy,
  type GateSettings,
  gateSettings,
  promote,
  queueRefresh,
  registerModel,
  rollback,
  undeploy,
  unregisterModel,
} from '@duet/pipeline/control';
import { refresh } from 'next/cache';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { findDataset } from '#data/datasets/datasets.ts';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { datasetPath } from '#dataset-path.ts';
import { cronOf } from '#schedule.ts';

const version = z.coerce.number().int().min(1);
const deed = z.object({ id: z.uuid(), reason: z.string().trim().max(500).default('') });

/** Does something with a registered model. Returns what is wrong, or nothing. */
async function withModel(
  db: Database,
  id: unknown,
  run: (model: RegisteredModel) => Promise<unknown>,
): Promise<string> {
  const parsed = z.uuid().safeParse(id);
  const model = parsed.success ? await db.prisma.registeredModel.findUnique({ where: { id: parsed.data } }) : null;
  if (model === null) return 'This model has been deleted.';
  const { problem } = await attempt(() => run(model));
  refresh();
  return problem ?? '';
}

/** Has the worker make a new version. */
export const runNow = guarded(
  'pipeline/runNow',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const { actor = 'admin' } = by;
    return withModel(db, data.get('id'), (model) => queueRefresh(db, model, { actor }));
  },
);

/** Makes a version the champion. */
export const makeChampion = guarded(
  'pipeline/makeChampion',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = deed.extend({ version }).safeParse(Object.fromEntries(data));
    if (!parsed.success) return 'Choose a version.';
    const { id, ...changes } = parsed.data;
    return withModel(db, id, (model) => promote(db, model, changes, by));
  },
);

/** Makes the champion before the one of now the champion again. */
export const goBack = guarded(
  'pipeline/goBack',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = deed.safeParse(Object.fromEntries(data));
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { id, reason } = parsed.data;
    return withModel(db, id, (model) => rollback(db, model, { reason }, by));
  },
);

/** Deletes a registered model; what it trained stays. */
export const unregister = guarded(
  'pipeline/unregister',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const problem = await withModel(db, data.get('id'), (model) => unregisterModel(db, model, by));
    if (problem !== '') return problem;
    const dataset = await findDataset(String(data.get('datasetId')));
    redirect(dataset === null ? '/' : `${datasetPath(dataset.name)}/pipeline`);
  },
);

/** Lets a registered model answer everywhere, or at one placement. */
export const deployModel = guarded(
  'pipeline/deployModel',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const placement = String(data.get('placement') ?? '').trim();
    return withModel(db, data.get('id'), (model) => deploy(db, model, { placement }, by));
  },
);

export const endDeployment = guarded(
  'pipeline/endDeployment',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = z.object({ datasetId: z.uuid(), placement: z.string() }).safeParse(Object.fromEntries(data));
    if (!parsed.success) return 'This deployment is not there any more.';
    const { datasetId, placement } = parsed.data;
    const { problem } = await attempt(async () => undeploy(db, datasetId, placement, by));
    refresh();
    return problem ?? '';
  },
);

/** When a registered model is trained, what its versions must show, and who promotes them. */
const terms = z.object({
  when: z.enum(['asked', 'daily', 'weekly', 'cron']),
  time: z
    .string()
    .regex(/^\d{2}:\d{2}$/, 'Choose a time.')
    .default('03:00'),
  day: z.string().default('1'),
  cron: z.string().default(''),
  timeZone: z.string().trim(),
  promotion: z.enum(['auto', 'ask']),
});

function termsOf(entries: Record<string, FormDataEntryValue>) {
  const { when: kind, time, day, cron, ...rest } = terms.parse(entries);
  const gate = Object.fromEntries(
    Object.keys(gateSettings.shape).flatMap((key) => {
      const text = entries[`gate.${key}`];
      if (typeof text !== 'string' || text.trim() === '') return [];
      return [[key, key === 'metric' ? text : Number(text.replace(',', '.'))]];
    }),
  );
  // The pipeline checks the gate by its own schema, and names the limit that is wrong.
  return { ...rest, schedule: cronOf({ kind, time, day, cron }), gate: gate as Partial<GateSettings> };
}

/** Changes when a registered model is trained and what it must show. */
export const change = guarded(
  'pipeline/change',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const entries = Object.fromEntries(data);
    if (!terms.safeParse(entries).success) return terms.safeParse(entries).error!.issues[0]!.message;
    return withModel(db, data.get('id'), (model) => changeRegisteredModel(db, model.id, termsOf(entries), by));
  },
);

/** Registers a model, and goes to its page. */
export const register = guarded(
  'pipeline/register',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const entries = Object.fromEntries(data);
    const schema = terms.extend({ datasetId: z.uuid(), name: z.string(), kind: z.string(), preset: z.string() });
    const parsed = schema.safeParse(entries);
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { datasetId, name, kind, preset } = parsed.data;
    const dataset = await findDataset(datasetId);
    if (dataset === null) return 'This dataset has been deleted.';
    const request = { name: name.trim(), kind, preset, ...termsOf(entries) };
    const { problem } = await attempt(async () => registerModel(db, datasetId, request, by));
    if (problem !== undefined) return problem;
    redirect(`${datasetPath(dataset.name)}/pipeline/models/${encodeURIComponent(request.name)}`);
  },
);
