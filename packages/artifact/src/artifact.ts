import { createHash, hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { type FactorTraining, modelKinds, recordedSettings, type TrainingSettings, type Values } from '@duet/models';
import { z } from 'zod';
import type { Bags } from './inputs/bags.ts';
import { isContext } from './inputs/context.ts';
import type { EmbeddingTable } from './inputs/embedding-table.ts';
import type { Feature, FeatureSpace } from './inputs/feature-space.ts';
import { type NamedTensor, readSafetensors, type TensorData, writeSafetensors } from './safetensors.ts';

/** Version of the folder's layout. A reader refuses another one. */
const schemaVersion = 1;

const featureSchema = z.object({
  name: z.string(),
  table: z.string(),
  dims: z.int(),
  offset: z.int(),
  decay: z.number().optional(),
});

/** What decided the model: of a factorisation, which has neither features nor tables nor parameters, all there is. */
const trainedFile = z.object({ family: z.enum(['tower', 'factors']), settings: z.record(z.string(), z.unknown()) });

/**
 * Ids and terms: a schema of each string would check a million of them for a fifth of a second, which requests would
 * wait for.
 */
const names = z.custom<string[]>(
  (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
  'must be a list of strings',
);

/** `model.json`: everything about a model that is not numbers by the thousand. */
const commonFile = z.object({
  schemaVersion: z.literal(schemaVersion),
  id: z.string(),
  kind: z.string(),
  datasetId: z.string(),
  /** SHA-256 over the dataset's columnar files: what the model was trained on. */
  fingerprint: z.string(),
  /** The split whose training part it saw, or `none` for all of the data. */
  split: z.string(),
  seed: z.int(),
  executor: z.string(),
  createdAt: z.string(),
  /** Of a vector of either side. */
  dimensions: z.int().positive(),
  features: z.object({
    user: z.array(featureSchema),
    item: z.array(featureSchema),
    sequence: z.array(featureSchema),
  }),
  /** Terms of rows 1, 2, … of each feature's table; id features have the ids below instead. */
  vocabularies: z.object({
    context: z.record(z.string(), names).optional(),
    user: z.record(z.string(), names),
    item: z.record(z.string(), names),
  }),
  /** Between the buckets of the items' prices; an artifact of an older Duet has none. */
  priceBounds: z.array(z.number()).optional(),
  users: names,
  items: names,
  /** What users and items are; as the words say where it is not said. */
  sides: z
    .object({ left: z.enum(['user', 'query']), right: z.enum(['item', 'user']), symmetric: z.boolean() })
    .optional(),
});
const modelFile = commonFile.and(trainedFile);
/** A model's family and settings. */
export type TrainedBy =
  | { family: 'tower'; settings: TrainingSettings }
  | { family: 'factors'; settings: FactorTraining };
type CommonFile = z.infer<typeof commonFile>;
export type ModelFile = CommonFile & TrainedBy;

/** What training leaves behind and serving needs. */
export interface Artifact {
  file: Omit<CommonFile, 'schemaVersion'> & TrainedBy;
  space: FeatureSpace;
  /** Dense parameters of both towers. */
  params: Values;
  tables: Record<string, EmbeddingTable>;
  /** [items, dims]: p_v, whose taste a tower makes of unit length and a factorisation does not. */
  itemVectors: Float32Array;
  /** [users + 1] and item rows: each user's interactions, oldest first. */
  historyStart: Int32Array;
  historyItem: Int32Array;
}

export const modelFolder = (dataDir: string, modelId: string): string => path.join(dataDir, 'models', modelId);

const files = ['model.json', 'weights.safetensors', 'entities.safetensors', 'item-vectors.safetensors'] as const;
const sumsFile = 'SHA256SUMS';
/**
 * Bytes that are read and hashed in one go: a millisecond or two, so that a large model holds up nobody who is answered
 * meanwhile.
 */
const sliceBytes = 1 << 20;

/** A file's bytes, the first of them at the beginning of their buffer, and their SHA-256. */
async function readHashed(file: string): Promise<{ bytes: Buffer; sha256: string }> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const bytes = Buffer.from(new ArrayBuffer(size));
  const digest = createHash('sha256');
  let at = 0;
  while (at < size) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, sliceBytes), at);
    if (bytesRead === 0) break;
    digest.update(bytes.subarray(at, at + bytesRead));
    at += bytesRead;
  }
  return { bytes: bytes.subarray(0, at), sha256: digest.digest('hex') };
}
const vector = (data: TensorData): NamedTensor => ({ shape: [data.length], data });

function bagTensors(prefix: string, { start, row, weight }: Bags): [string, NamedTensor][] {
  return [
    [`${prefix}/start`, vector(start)],
    [`${prefix}/row`, vector(row)],
    [`${prefix}/weight`, vector(weight)],
  ];
}

/**
 * Writes the model's folder: under another name, synced and then renamed, so that a crash leaves nothing under a name
 * that a database row could hold. `SHA256SUMS` is what `sha256sum -c` reads.
 */
export async function writeArtifact(dataDir: string, artifact: Artifact): Promise<void> {
  const { file, space, params, tables, itemVectors, historyStart, historyItem } = artifact;
  const weights: Record<string, NamedTensor> = {};
  for (const [name, data] of Object.entries(params)) {
    // The optimiser's state ends with training.
    if (!/\/[mvt]$/.test(name)) weights[`param/${name}`] = vector(data);
  }
  for (const [name, { rows, dims: width, values }] of Object.entries(tables)) {
    weights[`table/${name}`] = { shape: [rows, width], data: values as Float32Array };
  }
  const entities = Object.fromEntries([
    ['history/start', vector(historyStart)],
    ['history/item', vector(historyItem)],
    ...(['user', 'item'] as const).flatMap((side) =>
      Object.entries(space.encoded[side]).flatMap(([name, { bags }]) => bagTensors(`${side}/${name}`, bags)),
    ),
  ]);
  const contents: Record<(typeof files)[number], Buffer> = {
    'model.json': Buffer.from(`${JSON.stringify({ schemaVersion, ...file }, null, 1)}\n`),
    'weights.safetensors': writeSafetensors(weights),
    'entities.safetensors': writeSafetensors(entities),
    'item-vectors.safetensors': writeSafetensors({
      vectors: { shape: [file.items.length, file.dimensions], data: itemVectors },
    }),
  };
  const sums = files.map((name) => `${hash('sha256', contents[name])}  ${name}\n`).join('');

  const target = modelFolder(dataDir, file.id);
  const building = `${target}.building`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  for (const [name, bytes] of [...Object.entries(contents), [sumsFile, sums] as const]) {
    await using handle = await open(path.join(building, name), 'w');
    await handle.writeFile(bytes);
    await handle.sync();
  }
  await rename(building, target);
}

/** Reads the checked bytes of every file of a model's folder. */
async function readFiles(folder: string, modelId: string): Promise<Record<(typeof files)[number], Buffer>> {
  const refuse = (name: string, what: string, cause?: unknown) =>
    new DuetError('corrupt', what, {
      where: { file: path.join(folder, name) },
      fix: 'Restore the folder from a backup, or train the model again.',
      cause,
    });
  if (!existsSync(folder)) {
    throw new DuetError('not-found', `There is no model ${modelId} in ${path.dirname(folder)}.`, {
      fix: 'npx duet models lists the models there are.',
    });
  }
  const read = (name: string) =>
    readHashed(path.join(folder, name)).catch((cause) => {
      throw refuse(name, 'it is missing or cannot be read.', cause);
    });
  const sums = (await read(sumsFile)).bytes.toString('utf8');
  const contents: Partial<Record<(typeof files)[number], Buffer>> = {};
  for (const name of files) {
    const { bytes, sha256 } = await read(name);
    const expected = new RegExp(`^([0-9a-f]{64})  ${name.replace('.', '\\.')}$`, 'm').exec(sums)?.[1];
    if (sha256 !== expected) {
      throw refuse(name, `its SHA-256 is not the one in ${sumsFile}: it was cut off or altered.`);
    }
    contents[name] = bytes;
  }
  return contents as Record<(typeof files)[number], Buffer>;
}

/** @throws DuetError `corrupt` naming the field that does not fit */
function parseModelFile(text: string, path: string): ModelFile {
  const refuse = (problem: string, fix: string) =>
    new DuetError('corrupt', problem, { where: { file: path }, fix: `${fix} Train the model again.` });
  const refuseIssue = ({ path, message }: z.core.$ZodIssue, within = '') =>
    refuse(`${within}${path.join('.')}: ${message}.`, `This Duet reads version ${schemaVersion}.`);
  const file = modelFile.safeParse(JSON.parse(text));
  if (!file.success) throw refuseIssue(file.error.issues[0]!);
  const { kind, family } = file.data;
  if (!modelKinds.some((known) => known.kind === kind && known.family === family)) {
    throw refuse(`"${kind}" is not a kind of model that this Duet knows.`, 'It was trained by another version.');
  }
  const settings = recordedSettings(kind).safeParse(file.data.settings);
  if (!settings.success) throw refuseIssue(settings.error.issues[0]!, 'settings.');
  return { ...file.data, settings: settings.data } as ModelFile;
}

/** The part of an artifact that a loaded model works with; tables come as [rows, dims] arrays. */
export interface ReadArtifact extends Omit<Artifact, 'tables' | 'file'> {
  file: ModelFile;
  tables: Record<string, { rows: number; dims: number; values: Float32Array }>;
}

/**
 * Reads a model's folder.
 *
 * @throws DuetError `not-found`; `corrupt` naming the file that is missing, cut off, altered, of another version or of
 * other sizes than the model's
 */
export async function readArtifact(dataDir: string, modelId: string): Promise<ReadArtifact> {
  const folder = modelFolder(dataDir, modelId);
  const bytes = await readFiles(folder, modelId);
  const file = parseModelFile(bytes['model.json'].toString('utf8'), path.join(folder, 'model.json'));
  const tensors = (name: (typeof files)[number]) => readSafetensors(bytes[name], path.join(folder, name));
  const weights = tensors('weights.safetensors');
  const entities = tensors('entities.safetensors');
  const misfit = (what: string) =>
    new DuetError('corrupt', what, { where: { file: folder }, fix: 'Train the model again.' });
  const take = <T extends TensorData>(from: Record<string, NamedTensor>, name: string, length?: number): T => {
    const tensor = from[name];
    if (tensor === undefined || (length !== undefined && tensor.data.length !== length)) {
      throw misfit(`tensor "${name}" is missing or has not the ${length} values that model.json asks for.`);
    }
    return tensor.data as T;
  };

  const params: Values = {};
  const tables: ReadArtifact['tables'] = {};
  for (const [name, { shape, data }] of Object.entries(weights)) {
    if (name.startsWith('param/')) params[name.slice('param/'.length)] = data as Float32Array;
    else tables[name.slice('table/'.length)] = { rows: shape[0]!, dims: shape[1]!, values: data as Float32Array };
  }
  const context = Object.fromEntries(
    Object.entries(file.vocabularies.context ?? {}).map(([name, vocabulary]) => [
      name,
      { vocabulary, row: new Int32Array() },
    ]),
  );
  const counts = { user: file.users.length, item: file.items.length };
  const encodedOf = (side: 'user' | 'item') =>
    Object.fromEntries(
      file.features[side]
        .filter(({ name, decay }) => decay === undefined && !isContext(name))
        .map(({ name }) => {
          const start = take<Int32Array>(entities, `${side}/${name}/start`, counts[side] + 1);
          const row = take<Int32Array>(entities, `${side}/${name}/row`, start.at(-1));
          const weight = take<Float32Array>(entities, `${side}/${name}/weight`, start.at(-1));
          const bounds = side === 'item' && name === 'price' ? file.priceBounds : undefined;
          const vocabulary = file.vocabularies[side][name] ?? [];
          return [name, { vocabulary, bags: { start, row, weight }, ...(bounds && { bounds }) }];
        }),
    );
  const widthOf = (features: Feature[]) => Math.max(0, ...features.map(({ offset, dims }) => offset + dims));
  for (const feature of [...file.features.user, ...file.features.item]) {
    if (tables[feature.table]?.dims !== feature.dims)
      throw misfit(`table "${feature.table}" does not fit its feature.`);
  }
  for (const side of ['user', 'item'] as const) {
    for (const { name, table } of file.features[side]) {
      const vocabulary = isContext(name) ? context[name]?.vocabulary : file.vocabularies[side][name];
      const terms = vocabulary?.length || (isContext(name) ? 0 : counts[name === 'history' ? 'item' : side]);
      const rows = tables[table]!.rows - 1;
      if (rows !== terms) {
        throw misfit(`the vocabulary of "${name}" has ${terms} terms, and its table "${table}" has rows for ${rows}.`);
      }
    }
  }
  const historyStart = take<Int32Array>(entities, 'history/start', counts.user + 1);
  return {
    file,
    space: {
      ...file.features,
      userWidth: widthOf(file.features.user),
      itemWidth: widthOf(file.features.item),
      tables: Object.fromEntries(Object.entries(tables).map(([name, { rows, dims }]) => [name, { rows, dims }])),
      encoded: { user: encodedOf('user'), item: encodedOf('item') },
      context,
    },
    params,
    tables,
    itemVectors: take(tensors('item-vectors.safetensors'), 'vectors', counts.item * file.dimensions),
    historyStart,
    historyItem: take(entities, 'history/item', historyStart.at(-1)),
  };
}
