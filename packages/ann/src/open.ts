import { DuetError } from '@duet/base';
import { openEngine, usableEngines } from './engines.ts';
import { factoryName, flatFactory, keepsIds, parseFactory } from './factory.ts';
import { inspectIndexFile } from './file.ts';
import { cannot, checkDim, checkNewIds, checkVectors, checkWhole, type VectorIndex } from './vector-index.ts';

/**
 * An index over `vectors`, shape [n, dim], with the best engine here that has this factory; row i becomes id i, or
 * `ids[i]` where the factory keeps ids. `seed` decides the k-means of an IVF index. Where no engine has the factory,
 * the index is
 * Flat, which finds all that it would, only slower; a process warning and the index's `factory` say so. Without lists
 * to train, an index may begin empty.
 *
 * @throws DuetError 'bad-input' for an unknown factory, a wrong shape, ids that it cannot keep, a number beyond ±1e15,
 *   or more lists than vectors
 */
export async function buildIndex(
  vectors: Float32Array,
  dim: number,
  { factory: name, seed = 1234, ids }: { factory: string; seed?: number; ids?: Int32Array },
): Promise<VectorIndex> {
  const factory = parseFactory(name);
  const size = checkVectors('vectors', vectors, checkDim(dim), factory.lists === 0);
  checkWhole('seed', seed, 0, 2 ** 31 - 1);
  if (ids !== undefined) {
    if (!keepsIds(factory)) throw cannot(name, 'be given ids', 'IVF indexes and IDMap,… can.');
    checkNewIds(ids, size);
  }
  if (factory.lists > size) {
    throw new DuetError('bad-input', `${name} has more lists than there are vectors (${size}).`, {
      where: { field: 'factory' },
      fix: 'Use Flat, or about as many lists as the square root of the number of vectors.',
    });
  }
  const engines = usableEngines();
  const engine = engines.find((engine) => engine.builds(factory));
  if (engine !== undefined) return await engine.build(vectors, dim, { factory, seed, ids });
  const flat = { ...flatFactory, mapped: keepsIds(factory) };
  const fallback = engines.find((engine) => engine.builds(flat)) ?? openEngine('exact');
  process.emitWarning(
    `The engine ${fallback.name} has no ${name}: the index is ${factoryName(flat)} instead. See npx duet doctor.`,
  );
  return await fallback.build(vectors, dim, { factory: flat, seed, ids });
}

/**
 * Opens an index file that `write`, or FAISS in any language, made. `mmap` leaves the vectors of an IVF index in the
 * file, which opens in a millisecond and shares its memory with other processes, and may then neither change nor be
 * changed; it makes no difference to other kinds.
 *
 * @throws DuetError 'not-found'; 'corrupt' for a truncated or contradictory file; 'bad-input' for a kind that Duet does
 *   not read; 'unavailable' for an index that no engine here has
 */
export async function readIndex(path: string, { mmap = false }: { mmap?: boolean } = {}): Promise<VectorIndex> {
  const file = await inspectIndexFile(path);
  const engines = usableEngines();
  const engine = engines.find((engine) => engine.builds(file.factory));
  if (engine !== undefined) return await engine.read(path, file, mmap);
  const names = engines.map(({ name }) => name).join(' and ');
  throw new DuetError(
    'unavailable',
    `it is an ${factoryName(file.factory)} index, and only ${names} is here, which reads Flat.`,
    {
      where: { file: path },
      fix: 'Build FAISS with npm run build:native -w @duet/ann, or build the index again with --factory Flat.',
    },
  );
}
