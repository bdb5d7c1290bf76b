import { DuetError } from '@duet/base';
import { type Author, type Database, Prisma, type RegisteredModel, writeAudit } from '@duet/db';
import { hasVectors, resolveSettings } from '@duet/models';
import { z } from 'zod';
import { gateSettings, parseGate } from '../gate/gate-settings.ts';
import { checkSchedule } from './schedule.ts';

const objectKind = 'registered-model';

const input = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be of a–z, 0–9, dots, dashes and underscores, 63 at most'),
  kind: z.string().min(1),
  preset: z.string().min(1).default('auto'),
  /** Settings over the preset's. */
  parameters: z.record(z.string(), z.unknown()).default({}),
  /** Cron of five fields; null: refreshed when somebody asks. */
  schedule: z.string().nullable().default(null),
  timeZone: z.string().default('UTC'),
  promotion: z.enum(['auto', 'ask']).default('auto'),
  gate: gateSettings.prefault({}),
  /** Versions start from the champion's weights, and every n-th is trained from nothing; 0: every one is. */
  fullEvery: z.int().min(0).max(1000).default(0),
});
export type RegisteredModelInput = z.input<typeof input>;
export type RegisteredModelPatch = Partial<Omit<RegisteredModelInput, 'name' | 'kind'>>;

function parse(request: RegisteredModelInput): z.output<typeof input> {
  parseGate(request.gate);
  const parsed = input.safeParse(request);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new DuetError('bad-input', `${message}.`, { where: { field: path.join('.') } });
  }
  const { kind, preset, parameters, schedule: cron, timeZone } = parsed.data;
  if (!hasVectors(resolveSettings(kind, preset, parameters))) {
    throw new DuetError('bad-input', `A model of kind ${kind} is not trained: it cannot be registered.`, {
      where: { field: 'kind' },
    });
  }
  if (cron !== null) checkSchedule({ cron, timeZone });
  return parsed.data;
}

const viewOf = ({
  name,
  kind,
  preset,
  parameters,
  schedule,
  timeZone,
  promotion,
  gate,
  fullEvery,
}: RegisteredModel) => ({
  ...{ name, kind, preset, parameters, schedule, timeZone, promotion, gate, fullEvery },
});

/**
 * Registers a model of a dataset by its name. It has no version until it is refreshed or given one.
 *
 * @throws DuetError `bad-input` naming the field; `conflict` where the dataset has one of that name
 */
export async function registerModel(
  { prisma }: Database,
  datasetId: string,
  request: RegisteredModelInput,
  author: Author = {},
): Promise<RegisteredModel> {
  const { parameters, gate, ...fields } = parse(request);
  return prisma.$transaction(async (tx) => {
    const made = await tx.registeredModel
      .create({
        data: {
          ...fields,
          datasetId,
          parameters: parameters as Prisma.InputJsonObject,
          gate,
          createdBy: author.actor ?? 'duet',
        },
      })
      .catch((cause: unknown) => {
        if (!(cause instanceof Prisma.PrismaClientKnownRequestError) || cause.code !== 'P2002') throw cause;
        throw new DuetError('conflict', `The dataset has a registered model "${fields.name}" already.`, {
          where: { field: 'name' },
          fix: 'Choose another name, or change that one.',
          cause,
        });
      });
    const change = { action: 'create', objectKind, objectId: made.id, before: null, after: viewOf(made) };
    await writeAudit(tx, author, change);
    return made;
  });
}

/**
 * Changes how a registered model is trained, when, and what its versions must show.
 *
 * @throws DuetError `not-found`, `bad-input` naming the field
 */
export async function changeRegisteredModel(
  database: Database,
  id: string,
  patch: RegisteredModelPatch,
  author: Author = {},
): Promise<RegisteredModel> {
  return database.prisma.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "RegisteredModel" WHERE "id" = ${id}::uuid FOR UPDATE`;
    const before = await tx.registeredModel.findUnique({ where: { id } });
    if (before === null) throw new DuetError('not-found', `There is no registered model ${id}.`);
    const changes = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const { parameters, gate, ...fields } = parse({ ...viewOf(before), ...changes } as RegisteredModelInput);
    const data = { ...fields, parameters: parameters as Prisma.InputJsonObject, gate };
    const after = await tx.registeredModel.update({ where: { id }, data });
    const change = { action: 'set', objectKind, objectId: id, before: viewOf(before), after: viewOf(after) };
    await writeAudit(tx, author, change);
    return after;
  });
}

/**
 * The registered model of that name or id in a dataset.
 *
 * @throws DuetError `not-found` naming those that there are
 */
export async function findRegisteredModel(
  { prisma }: Database,
  datasetId: string,
  named: string,
): Promise<RegisteredModel> {
  const all = await prisma.registeredModel.findMany({ where: { datasetId }, orderBy: { name: 'asc' } });
  const found = all.find(({ id, name }) => name === named || id === named);
  if (found !== undefined) return found;
  throw new DuetError('not-found', `The dataset has no registered model "${named}".`, {
    where: { field: 'model' },
    fix:
      all.length === 0
        ? 'Register one: npx duet models register --help.'
        : `Choose one of ${all.map(({ name }) => name).join(', ')}.`,
  });
}
