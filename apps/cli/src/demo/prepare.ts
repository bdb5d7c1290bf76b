import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DuetError } from '@duet/base';
import type { Database, Dataset, Model, RegisteredModel } from '@duet/db';
import type { Evaluation } from '@duet/trainer';
import type { Steps } from '../start/steps.ts';
import { type JobContext, runChildJob } from './child-job.ts';
import { exampleName, exampleRequest } from './example.ts';

/** The split that everything in the demo is trained without and measured on. */
export const demoSplit = 'time:0.8';

export const demoExperiment = 'dat-vs-two-tower';

/** What every step of the preparation works with. */
export interface Preparation {
  db: Database;
  dataDir: string;
  steps: Steps;
  job: JobContext;
  /** Ends what else is being prepared, for this reason. */
  fail(reason: unknown): void;
}

/** How the demo's models are trained. */
export interface DemoTraining {
  preset: string;
  set: Record<string, unknown>;
  /** A model that is there will do, however it was trained: what can be served is not kept waiting for a training. */
  anyWillDo: boolean;
}

/**
 * The example dataset, imported the first time. One that is there stays: its models, experiments and events hang on it.
 *
 * @throws DuetError `corrupt` where the database knows it and its files are gone
 */
export async function ensureDataset({ db, dataDir, steps, job }: Preparation): Promise<Dataset> {
  return steps.measure(`import ${exampleName}`, async () => {
    const known = await db.prisma.dataset.findUnique({ where: { name: exampleName } });
    if (known?.status === 'done') {
      const file = path.join(dataDir, 'datasets', known.id);
      if (existsSync(file)) return { value: known, worked: false };
      throw new DuetError('corrupt', `The files of the dataset ${exampleName} are not there.`, {
        where: { file },
        fix: `Restore a backup (npx duet restore). To lose its models, experiments and events: npx duet datasets remove ${exampleName}.`,
      });
    }
    const { answer, peakMb } = await runChildJob<{ datasetId: string }>(job, 'import', [
      ...['import', '--request', exampleRequest],
    ]);
    const dataset = await db.prisma.dataset.findUniqueOrThrow({ where: { id: answer.datasetId } });
    return {
      value: dataset,
      worked: true,
      peakMb,
      note: `${dataset.interactions} interactions, ${dataset.users} users, ${dataset.items} items`,
    };
  });
}

const evaluationOf = (model: Model): Evaluation | undefined =>
  (model.metrics as unknown as Record<string, Evaluation>)[demoSplit];

const splitOf = ({ parameters }: Model): string | undefined => (parameters as { split?: string }).split;

const noteOf = (model: Model): string => `HR@50 ${evaluationOf(model)?.metrics['HR@50']?.toFixed(4) ?? '–'}`;

/**
 * A model of the dataset, whatever snapshot of it that saw: the champion of the registered model of its kind, where any
 * will do; else the newest that was trained with these settings where they matter, or a new one.
 */
export async function ensureModel(
  { db, dataDir, steps, job }: Preparation,
  dataset: Dataset,
  kind: string,
  { preset, set, anyWillDo }: DemoTraining,
): Promise<Model> {
  const { ownSettings, resolveSettings } = await import('@duet/models');
  return steps.measure(`train ${kind}`, async () => {
    const isThere = ({ id }: Model) => existsSync(path.join(dataDir, 'models', id));
    const where = { datasetId_name: { datasetId: dataset.id, name: kind } };
    const registered = await db.prisma.registeredModel.findUnique({ where, include: { champion: true } });
    const champion = registered?.champion;
    if (anyWillDo && champion && isThere(champion)) return { value: champion, worked: false, note: noteOf(champion) };
    const requested = { ...ownSettings(kind, resolveSettings(kind, preset, set)), split: demoSplit };
    const known = await db.prisma.model.findMany({
      where: { datasetId: dataset.id, kind },
      orderBy: { createdAt: 'desc' },
    });
    const usable = known.filter(
      (model) => splitOf(model) === demoSplit && evaluationOf(model) !== undefined && isThere(model),
    );
    const exact = usable.find((model) => {
      const parameters = model.parameters as Record<string, unknown>;
      return Object.entries(requested).every(([key, value]) => isDeepStrictEqual(parameters[key], value));
    });
    const there = exact ?? (anyWillDo ? usable[0] : undefined);
    if (there) return { value: there, worked: false, note: noteOf(there) };
    const settings = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]);
    const { answer, peakMb } = await runChildJob<{ modelId: string }>(job, `train-${kind}`, [
      ...['train', '--dataset', dataset.id, '--model', kind, '--preset', preset, '--split', demoSplit],
      ...settings,
    ]);
    const model = await db.prisma.model.findUniqueOrThrow({ where: { id: answer.modelId } });
    return { value: model, worked: true, peakMb, note: noteOf(model) };
  });
}

/** A baseline measured on the dataset. */
export async function ensureBaseline({ db, steps, job }: Preparation, dataset: Dataset, kind: string): Promise<Model> {
  return steps.measure(`evaluate ${kind}`, async () => {
    const known = await db.prisma.model.findFirst({
      where: { datasetId: dataset.id, kind },
      orderBy: { createdAt: 'desc' },
    });
    if (known && evaluationOf(known)) return { value: known, worked: false, note: noteOf(known) };
    const { answer, peakMb } = await runChildJob<{ modelId: string }>(job, `evaluate-${kind}`, [
      ...['evaluate', '--baseline', kind, '--dataset', dataset.id, '--split', demoSplit],
    ]);
    const model = await db.prisma.model.findUniqueOrThrow({ where: { id: answer.modelId } });
    return { value: model, worked: true, peakMb, note: noteOf(model) };
  });
}

/** An active index over the model's items. */
export async function ensureIndex({ db, dataDir, steps, job }: Preparation, model: Model): Promise<void> {
  await steps.measure(`index ${model.kind}`, async () => {
    const active = await db.prisma.index.findFirst({ where: { modelId: model.id, active: true } });
    if (active && existsSync(path.join(dataDir, 'indexes', active.id))) return { value: undefined, worked: false };
    const { answer, peakMb } = await runChildJob<{ factory: string; engine: string; recallAt100: number }>(
      job,
      `index-${model.kind}`,
      ['index', '--model', model.id],
    );
    const note = `${answer.factory} by ${answer.engine}, recall@100 ${answer.recallAt100.toFixed(3)}`;
    return { value: undefined, worked: true, peakMb, note };
  });
}

/**
 * The registered model of a kind, whose first version is the given model. The first of a dataset is deployed with it.
 */
export async function ensureRegistered(
  { db, steps }: Pick<Preparation, 'db' | 'steps'>,
  model: Model,
  { preset, set }: Pick<DemoTraining, 'preset' | 'set'>,
): Promise<RegisteredModel> {
  const { adoptModel } = await import('@duet/pipeline');
  return steps.measure(`register ${model.kind}`, async () => {
    const name = model.kind;
    const where = { datasetId_name: { datasetId: model.datasetId, name } };
    const known = await db.prisma.registeredModel.findUnique({ where });
    // Which of its versions serves is the gate's and the operator's decision.
    if (known !== null && known.championId !== null) return { value: known, worked: false };
    const input = { name, preset, parameters: set };
    const value = await adoptModel(db, model.id, input, { actor: 'duet start' });
    return { value, worked: true, note: 'version 1 is its champion' };
  });
}

/**
 * The one ranker, fitted to the lists of these models. Its id. A version that a refresh made has learnt from everything,
 * so that no ranker can be fitted to it: the one that there is goes on.
 */
export async function ensureRanker(
  { db, steps, job }: Preparation,
  dataset: Dataset,
  models: readonly Model[],
): Promise<string> {
  return steps.measure('train the ranker', async () => {
    const newest = await db.prisma.ranker.findFirst({
      where: { datasetId: dataset.id },
      orderBy: { createdAt: 'desc' },
    });
    const fittedTo = (newest?.metrics as { byModel?: { modelId: string }[] } | undefined)?.byModel ?? [];
    const covers = models.every(
      (model) => splitOf(model) !== demoSplit || fittedTo.some(({ modelId }) => modelId === model.id),
    );
    if (newest && covers) return { value: newest.id, worked: false };
    const { answer, peakMb } = await runChildJob<{ rankerId: string }>(job, 'train-ranker', [
      ...['train-ranker', '--dataset', dataset.id, '--split', demoSplit],
      ...models.flatMap(({ id }) => ['--model', id]),
    ]);
    return { value: answer.rankerId, worked: true, peakMb };
  });
}

/** The experiment of the demo: half of the shoppers each, two-tower as control. Its status: "running". */
export async function ensureDemoExperiment(
  { db, dataDir, steps }: Pick<Preparation, 'db' | 'dataDir' | 'steps'>,
  dataset: Dataset,
  arms: { control: RegisteredModel; treatment: RegisteredModel },
  rankerId: string,
): Promise<string> {
  const { ensureExperiment, launchExperiment } = await import('@duet/experiments');
  return steps.measure('experiment', async () => {
    const name = demoExperiment;
    const known = await db.prisma.experiment.findUnique({ where: { name }, include: { arms: true } });
    // Whatever became of it since is the operator's decision.
    if (known) {
      const these = [arms.control.id, arms.treatment.id];
      const same = known.arms.every(({ registeredModelId }) => these.includes(registeredModelId ?? ''));
      const others = same ? '' : ', between other models: an experiment never changes what it compares';
      return { value: known.status, worked: false, note: `${name} is ${known.status}${others}` };
    }
    const author = { actor: 'duet start' };
    const plan = {
      ...{ name, datasetId: dataset.id, rankerId, primaryMetric: 'ctr' },
      arms: [
        { name: 'two-tower', registeredModelId: arms.control.id, weight: 0.5, control: true },
        { name: 'dat', registeredModelId: arms.treatment.id, weight: 0.5, control: false },
      ],
      settings: {
        hypothesis:
          'DAT shows more of what shoppers want than two-tower, so that more of it is clicked, and earns no less.',
        plannedDays: 28,
        guardrails: [
          { metric: 'gmvPerUser', maxRelativeLoss: 0.05 },
          { metric: 'conversion', maxRelativeLoss: 0.05 },
        ],
      },
    };
    const made = await ensureExperiment(db, plan, author);
    const { status } = await launchExperiment({ db, dataDir }, made.id, author);
    return { value: status, worked: true, note: `${name} is ${status}, half of the shoppers each` };
  });
}
