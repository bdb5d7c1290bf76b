import { DuetError } from '@duet/config';
import { type Engine, usableEngines } from './engines.ts';
import { type Factory, factoryName, parseFactory } from './factory.ts';
import { inspectIndexFile } from './file.ts';
import { checkDim, checkVectors, checkWhole, type VectorIndex } from './vector-index.ts';

const canSearch =
  ({ lists }: Factory) =>
  (engine: Engine) =>
    lists === 0 || engine.approximate;

/**
 * An index over `vectors`, shape [n, dim], with the best engine here; row i becomes id i. `seed` decides the k-means of
 * an IVF index. Where no engine has IVF, the index is Flat, which finds all that IVF would, only slower; a process
 * warning and the index's `factory` say so.
 *
 * @throws DuetError 'bad-input' for an unknown factory, a wrong shape, a number beyond ±1e15, or more lists than vectors
 */
export async function buildIndex(
  vectors: Float32Array,
  dim: number,
  { factory: name, seed = 1234 }: { factory: string; seed?: number },
): Promise<VectorIndex> {
  const factory = parseFactory(name);
  const size = checkVectors('vectors', vectors, checkDim(dim));
  checkWhole('seed', seed, 0, 2 ** 31 - 1);
  if (factory.lists > size) {
    throw new DuetError('bad-input', `${name} has more lists than there are vectors (${size}).`, {
      where: { field: 'factory' },
      fix: 'Use Flat, or about as many lists as the square root of the number of vectors.',
    });
  }
  const engines = usableEngines();
  const engine = engines.find(canSearch(factory));
  if (engine !== undefined) return await engine.build(vectors, dim, factory, seed);
  const fallback = engines[0]!;
  process.emitWarning(`The engine ${fallback.name} has no ${name}: the index is Flat instead. See npx duet doctor.`);
  return await fallback.build(vectors, dim, { lists: 0, storage: 'Flat' }, seed);
}

/**
 * Opens an index file that `write`, or FAISS in any language, made.
 *
 * @throws DuetError 'not-found'; 'corrupt' for a truncated or contradictory file; 'bad-input' for a kind that Duet does not read; 'unavailable' for an IVF index where no engine here has IVF
 */
export async function readIndex(path: string): Promise<VectorIndex> {
  const file = await inspectIndexFile(path);
  const engines = usableEngines();
  const engine = engines.find(canSearch(file.factory));
  if (engine !== undefined) return await engine.read(path, file);
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
