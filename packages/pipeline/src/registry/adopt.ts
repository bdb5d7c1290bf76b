import { DuetError } from '@duet/base';
import type { Author, Database, Model, Prisma, RegisteredModel } from '@duet/db';
import { addVersion, promote } from './champion.ts';
import { type RegisteredModelInput, registerModel } from './registered-model.ts';

/**
 * The registered model whose champion a trained model is: made of it, or given it as its next version, where it is none
 * yet. What is deployed of the registered model answers with it from then on.
 *
 * @param input name and how its next versions are trained, where it has to be registered; by default as the model was,
 *   under the name of its kind
 * @throws DuetError `conflict` where the model has no index
 */
export async function adoptModel(
  database: Database,
  modelId: string,
  input: Partial<RegisteredModelInput> = {},
  author: Author = {},
): Promise<RegisteredModel> {
  const { prisma } = database;
  const model = await prisma.model.findUniqueOrThrow({ where: { id: modelId } });
  const registered = await registeredFor(database, model, input, author);
  if (model.version === null) {
    await prisma.$transaction((tx) => addVersion(tx, registered.id, modelId));
  }
  const { championId } = await prisma.registeredModel.findUniqueOrThrow({ where: { id: registered.id } });
  if (championId !== modelId) {
    const { version } = await prisma.model.findUniqueOrThrow({ where: { id: modelId } });
    await promote(database, registered, { version: version!, reason: 'It was chosen.' }, author);
  }
  return prisma.registeredModel.findUniqueOrThrow({ where: { id: registered.id } });
}

async function registeredFor(
  database: Database,
  { datasetId, kind, preset, parameters, registeredModelId }: Model,
  input: Partial<RegisteredModelInput>,
  author: Author,
): Promise<RegisteredModel> {
  const { prisma } = database;
  if (registeredModelId !== null) return prisma.registeredModel.findUniqueOrThrow({ where: { id: registeredModelId } });
  const name = input.name ?? kind;
  const known = await prisma.registeredModel.findUnique({ where: { datasetId_name: { datasetId, name } } });
  if (known !== null && known.kind !== kind) {
    throw new DuetError('conflict', `"${name}" is a registered ${known.kind} model, and this one is ${kind}.`);
  }
  const ownSettings = { parameters: settingsOf(parameters), preset };
  return known ?? registerModel(database, datasetId, { ...ownSettings, ...input, name, kind }, author);
}

/** The settings of a model's row: what is beside them says how that one training was made. */
export function settingsOf(parameters: Prisma.JsonValue): Record<string, unknown> {
  const { seed: _, split: __, ...settings } = parameters as Record<string, unknown>;
  return settings;
}
