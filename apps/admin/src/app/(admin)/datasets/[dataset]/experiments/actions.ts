'use server';

import type { Author } from '@duet/db';
import {
  createExperiment,
  type ExperimentInput,
  findExperiment,
  launchExperiment,
  launchPhase,
  parseSettings,
  setExperiment,
  stopExperiment,
} from '@duet/experiments';
import { decide as decideAndDeploy } from '@duet/pipeline/control';
import { refresh } from 'next/cache';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { findDataset } from '#data/datasets/datasets.ts';
import { knownMetrics } from '#data/experiments/experiments.ts';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { config } from '#data/services.ts';
import { datasetPath } from '#dataset-path.ts';

/** Who changes an experiment, and by which metrics it may be judged. */
const editor = async (by: Author) => ({ ...by, metrics: await knownMetrics() });

/** What a form says was asked; `createExperiment` and its like check the plan itself. */
const saving = z.object({
  /** The experiment that is changed; none where one is made. */
  id: z.uuid().optional(),
  /** A new phase of it. */
  phase: z.boolean(),
  name: z.string(),
  datasetId: z.string(),
  plan: z.record(z.string(), z.json()),
  note: z.string().max(2000),
});

export type Saving = z.infer<typeof saving>;

/**
 * Makes an experiment, changes a draft, or begins a new phase. Returns what is wrong; goes to its set-up where nothing
 * is.
 */
export const saveExperiment = guarded(
  'experiments/saveExperiment',
  async ({ db, by }, _: string | undefined, input: Saving): Promise<string> => {
    const who = await editor(by);
    const parsed = saving.safeParse(input);
    if (!parsed.success) return z.prettifyError(parsed.error);
    const { id, phase, name, datasetId, note } = parsed.data;
    const dataset = await findDataset(datasetId);
    if (dataset === null) return 'This dataset has been deleted.';
    const plan = parsed.data.plan as unknown as Omit<ExperimentInput, 'name' | 'datasetId'>;
    const context = { db, dataDir: config().dataDir };
    const { value, problem } = await attempt(() =>
      id === undefined
        ? createExperiment(db, { ...plan, name, datasetId }, who)
        : phase
          ? launchPhase(context, id, plan, { ...who, note })
          : setExperiment(db, id, { ...plan, name }, who),
    );
    if (problem !== undefined) return problem;
    redirect(`${datasetPath(dataset.name)}/experiments/${value.id}/setup`);
  },
);

const idForm = z.object({ id: z.uuid() });
const noteForm = idForm.extend({ note: z.string().trim().max(2000).default('') });

/** Runs one step of an experiment. Returns what is wrong, or nothing. */
async function step<Schema extends z.ZodType>(
  schema: Schema,
  data: FormData,
  run: (input: z.output<Schema>) => Promise<unknown>,
): Promise<string> {
  const parsed = schema.safeParse(Object.fromEntries(data));
  if (!parsed.success) return parsed.error.issues[0]!.message;
  const { problem } = await attempt(() => run(parsed.data));
  refresh();
  return problem ?? '';
}

export const start = guarded(
  'experiments/start',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    return step(idForm, data, ({ id }) => launchExperiment({ db, dataDir: config().dataDir }, id, by));
  },
);

export const stop = guarded(
  'experiments/stop',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    return step(noteForm, data, ({ id, note }) => stopExperiment(db, id, { ...by, note }));
  },
);

export const decide = guarded(
  'experiments/decide',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const schema = noteForm.extend({ arm: z.string('Choose an arm, or none.').min(1, 'Choose an arm, or none.') });
    return step(schema, data, async ({ id, arm, note }) => {
      await decideAndDeploy(db, id, { arm, note }, by);
    });
  },
);

/** Traffic and what stop rules do: what may change while it runs. */
export const tune = guarded(
  'experiments/tune',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const who = await editor(by);
    const action = z.enum(['warn', 'stop']);
    const schema = idForm.extend({ traffic: z.coerce.number(), guardrail: action, srm: action, plannedEnd: action });
    return step(schema, data, ({ id, traffic, ...stopRules }) =>
      setExperiment(db, id, { trafficShare: traffic / 100, settings: { stopRules } }, who),
    );
  },
);

export const setOverride = guarded(
  'experiments/setOverride',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const who = await editor(by);
    const schema = idForm.extend({ userId: z.string().trim().min(1, 'Which user?').max(200), arm: z.string() });
    return step(schema, data, async ({ id, userId, arm }) => {
      const { overrides } = parseSettings((await findExperiment(db, id)).settings);
      const { [userId]: _, ...others } = overrides;
      await setExperiment(db, id, { settings: { overrides: arm === '' ? others : { ...others, [userId]: arm } } }, who);
    });
  },
);
