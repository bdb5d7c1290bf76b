import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DuetError, inSlices } from '@duet/base';
import { z } from 'zod';

export const schemaVersion = 1;

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
   * Id i of the index is the i-th of the model's items that were not withdrawn, followed by those that were added to
   * the catalogue since the training.
   */
  withdrawn: z.array(z.string()).default([]),
  added: z.array(z.string()).default([]),
  /** Of the model's items, those whose vector was made anew since what is known of them had changed. */
  encoded: z.array(z.string()).default([]),
  /** The catalogue's edits in it: those that this snapshot of PostgreSQL's sees. */
  catalogueSeen: z
    .string()
    .regex(/^\d+:\d+:[\d,]*$/)
    .optional(),
});
export type IndexMeta = z.infer<typeof indexMeta>;

export const indexFolder = (dataDir: string, indexId: string) => join(dataDir, 'indexes', indexId);

export async function itemsDigest(items: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  await inSlices(items.length, (from, to) => hash.update(`${items.slice(from, to).join('\0')}\0`));
  return hash.digest('hex');
}

export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
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

/** The model that a folder's description says it is an index of; undefined where it has none that can be read. */
export const modelOfIndex = (dataDir: string, indexId: string): Promise<string | undefined> =>
  readMeta(join(indexFolder(dataDir, indexId), 'meta.json'), (what) => new DuetError('corrupt', what)).then(
    ({ modelId }) => modelId,
    () => undefined,
  );

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
