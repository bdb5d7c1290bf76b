import { DuetError } from '@duet/base';
import type { Database, Dataset, Model, TrainingRun } from '@duet/db';

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

/**
 * The model of that id or name, the newest of the name.
 *
 * @throws DuetError `not-found`
 */
export async function findModel({ prisma }: Database, named: string): Promise<Model> {
  const found = isId(named)
    ? await prisma.model.findUnique({ where: { id: named } })
    : await prisma.model.findFirst({ where: { name: named }, orderBy: { createdAt: 'desc' } });
  if (found === null) {
    throw new DuetError('not-found', `There is no model "${named}".`, { fix: 'npx duet models lists them.' });
  }
  return found;
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
