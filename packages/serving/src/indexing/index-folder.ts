import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIndex, type VectorIndex } from '@duet/ann';
import {
  checkIndexFolder,
  fileDigest,
  type IndexMeta,
  indexFolder,
  itemsDigest,
  schemaVersion,
} from './index-files.ts';

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
    'withdrawn' | 'added' | 'encoded' | 'catalogueSeen'
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
      itemsSha256: await itemsDigest(items),
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
  if (meta.itemsSha256 !== (await itemsDigest(model.items)))
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
