import { DuetError } from '@duet/base';
import type { Database, Dataset, Model, RegisteredModel, TrainingRun } from '@duet/db';

const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/**
 * The dataset of that name or id; the only one where none is named.
 *
 * @throws DuetError `not-found` naming the datasets there are
 */
export async function findDataset({ prisma }: Database, named: string | undefined): Promise<Dataset> {
  const all = await prisma.dataset.findMany({ orderBy: { createdAt: 'asc' } });
  if (named === undefined && all.length === 1) return all[0]!;
  const found = all.find(({ id, name }) => id === named || name === named);
  if (found !== undefined) return found;
  const fix =
    all.length === 0
      ? 'Import one: npx duet import --help.'
      : `Choose one with --dataset: ${all.map(({ name }) => name).join(', ')}.`;
  if (named !== undefined) throw new DuetError('not-found', `There is no dataset "${named}".`, { fix });
  throw new DuetError('bad-input', all.length === 0 ? 'There is no dataset yet.' : 'Which dataset?', { fix });
}

/** A registered model as an arm follows it, by its name in the dataset. */
export const findFollowed = ({ prisma }: Database, datasetId: string, name: string): Promise<RegisteredModel | null> =>
  prisma.registeredModel.findUnique({ where: { datasetId_name: { datasetId, name } } });

/**
 * The model of that id, the version of a registered model (`name@3`; the champion where no version is said), or the
 * only model of that name.
 *
 * @param datasetId whose models are meant; those of every dataset where it is not said
 * @throws DuetError `not-found`; `conflict` where several have the name
 */
export async function findModel({ prisma }: Database, named: string, datasetId?: string): Promise<Model> {
  const of = datasetId === undefined ? {} : { datasetId };
  const [name, version] = named.split(/@(?=\d+$)/) as [string, string?];
  const registered = await prisma.model.findMany({
    where: {
      ...of,
      ...(version === undefined ? { championOf: { name } } : { registeredModel: { name }, version: Number(version) }),
    },
  });
  const found = isId(named)
    ? await prisma.model.findMany({ where: { id: named } })
    : registered.length > 0
      ? registered
      : await prisma.model.findMany({ where: { ...of, name: named }, orderBy: { createdAt: 'desc' } });
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new DuetError('not-found', `There is no model "${named}".`, { fix: 'npx duet models lists them.' });
  }
  throw new DuetError('conflict', `${found.length} models are called "${named}".`, {
    fix: `Name one by its id: ${found.map(({ id, createdAt }) => `${id} (of ${createdAt.toISOString().slice(0, 16)})`).join(', ')}.`,
  });
}

/**
 * The training run of that id, or the newest one for "last".
 *
 * @throws DuetError `not-found`; `conflict` where it has its model already
 */
export async function findCutRun({ prisma }: Database, named: string): Promise<TrainingRun> {
  const orderBy = { createdAt: 'desc' } as const;
  const last = await prisma.trainingRun.findFirst({ orderBy });
  const found = isId(named) ? await prisma.trainingRun.findUnique({ where: { id: named } }) : last;
  if (found === null || !(isId(named) || named === 'last')) {
    const fix = last === null ? 'Begin one with --model.' : `The newest is ${last.id}.`;
    throw new DuetError('not-found', `There is no training run "${named}".`, { fix });
  }
  if (found.status === 'done') {
    throw new DuetError('conflict', `Training run ${found.id} has ended: its model is ${found.modelId ?? 'deleted'}.`);
  }
  return found;
}
