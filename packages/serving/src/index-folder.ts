import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIndex, type VectorIndex } from '@duet/ann';
import { DuetError } from '@duet/config';
import { z } from 'zod';

const schemaVersion = 1;

/** `<dataDir>/indexes/<indexId>/meta.json`: what the file beside it is, and which rows its ids mean. */
const indexMeta = z.object({
  schemaVersion: z.literal(schemaVersion),
  indexId: z.string(),
  modelId: z.string(),
  factory: z.string(),
  engine: z.string(),
  dimensions: z.int().positive(),
  size: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  /** Of index.faiss. */
  sha256: z.string(),
  /** Of the model's item ids in row order. */
  itemsSha256: z.string(),
  /**
   * Id i of the index is the i-th of the model's items that were not withdrawn, followed by those that were added to the
   * catalogue since the training.
   */
  withdrawn: z.array(z.string()).default([]),
  added: z.array(z.string()).default([]),
  /** Of the model's items, those whose vector was made anew since what is known of them had changed. */
  encoded: z.array(z.string()).default([]),
  /** The catalogue's edits in it: those of all transactions before this one. */
  catalogueTo: z.number().default(0),
});
export type IndexMeta = z.infer<typeof indexMeta>;

export const indexFolder = (dataDir: string, indexId: string) => join(dataDir, 'indexes', indexId);

function itemsDigest(items: readonly string[]): string {
  const hash = createHash('sha256');
  for (const item of items) hash.update(item).update('\0');
  return hash.digest('hex');
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Writes `index.faiss` and `meta.json` into a folder beside its final place, then renames it: a crash leaves no
 * half-written index under an id that a database row could name.
 */
export async function writeIndexFolder(
  dataDir: string,
  index: VectorIndex,
  of: { indexId: string; modelId: string; items: readonly string[] } & Pick<
    IndexMeta,
    'withdrawn' | 'added' | 'encoded' | 'catalogueTo'
  >,
): Promise<IndexMeta> {
  const { items, ...described } = of;
  const target = indexFolder(dataDir, of.indexId);
  const building = `${target}.building`;
  await mkdir(building, { recursive: true });
  try {
    const file = join(building, 'index.faiss');
    await index.write(file);
    const meta: IndexMeta = {
      schemaVersion,
      ...described,
      factory: index.factory,
      engine: index.engine,
      dimensions: index.dim,
      size: index.size,
      bytes: (await stat(file)).size,
      sha256: await fileDigest(file),
      itemsSha256: itemsDigest(items),
    };
    await writeFile(join(building, 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`, { flush: true });
    await sync(file);
    await rename(building, target);
    return meta;
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Opens an index after checking that it is whole and made of this model's items.
 * @throws DuetError 'not-found' without its files; 'corrupt' where they are altered, truncated or of other items
 */
export async function openIndexFolder(
  dataDir: string,
  indexId: string,
  model: { id: string; dimensions: number; items: readonly string[] },
): Promise<{ index: VectorIndex; meta: IndexMeta }> {
  const { meta, file, corrupt } = await checkIndexFolder(dataDir, indexId, model.id);
  if (meta.itemsSha256 !== itemsDigest(model.items))
    throw corrupt("it was built over other items than the model's.", file);

  const index = await readIndex(file);
  const size = model.items.length - meta.withdrawn.length + meta.added.length;
  if (index.dim === model.dimensions && index.size === size) return { index, meta };
  await index[Symbol.asyncDispose]();
  throw corrupt(
    `it holds ${index.size} vectors of ${index.dim} dimensions where ${size} of ${model.dimensions} were written.`,
    file,
  );
}

/**
 * Reads what an index is, and checks that its file is whole.
 * @throws DuetError 'corrupt' where a file is missing, altered, truncated, or another model's
 */
export async function checkIndexFolder(dataDir: string, indexId: string, modelId: string) {
  const folder = indexFolder(dataDir, indexId);
  const file = join(folder, 'index.faiss');
  const corrupt = (what: string, at: string, cause?: unknown) =>
    new DuetError('corrupt', what, {
      where: { file: at },
      fix: `Build it anew: npx duet index --model ${modelId}.`,
      cause,
    });

  const meta = await readMeta(join(folder, 'meta.json'), corrupt);
  const bytes = await stat(file).then(
    ({ size }) => size,
    (cause) => {
      throw corrupt('the index file cannot be read.', file, cause);
    },
  );
  if (bytes !== meta.bytes) throw corrupt(`it has ${bytes} bytes where ${meta.bytes} were written.`, file);
  if ((await fileDigest(file)) !== meta.sha256) throw corrupt('its SHA-256 is not the one that was written.', file);
  if (meta.modelId !== modelId) throw corrupt(`it belongs to model ${meta.modelId}, not ${modelId}.`, file);
  return { meta, file, corrupt };
}

async function readMeta(
  file: string,
  corrupt: (what: string, at: string, cause?: unknown) => DuetError,
): Promise<IndexMeta> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw corrupt('the index has no readable description.', file, cause);
  }
  try {
    return indexMeta.parse(JSON.parse(text));
  } catch (cause) {
    throw corrupt(`it is not a description of an index that this version (${schemaVersion}) reads.`, file, cause);
  }
}
