import { DuetError, loadConfig } from '@duet/base';
import { ExactIndex } from './exact.ts';
import { type Factory, flatFactory } from './factory.ts';
import { FaissNodeIndex, loadFaissNode } from './faiss-node.ts';
import type { IndexFile } from './file.ts';
import { loadBinding, NativeIndex } from './native.ts';
import { type EngineName, engineNames, type VectorIndex } from './vector-index.ts';

/** One way to search vectors. `build` and `read` trust their arguments: open.ts has checked them. */
export interface Engine {
  name: EngineName;
  /** Its kinds of index, for the reader of `duet doctor`. */
  kinds: string;
  builds(factory: Factory): boolean;
  /** How to get it, for the reader of `duet doctor`. */
  how: string;
  /** @throws DuetError 'unavailable' with the reason why it does not work here */
  load(): void;
  /** `ids` only where the factory keeps them. */
  build(
    vectors: Float32Array,
    dim: number,
    of: { factory: Factory; seed: number; ids?: Int32Array },
  ): Promise<VectorIndex>;
  /** `mmap` leaves the lists of an IVF index in the file. */
  read(path: string, file: IndexFile, mmap: boolean): Promise<VectorIndex>;
}

const native = (name: 'faiss-avx2' | 'faiss', how: string): Engine => ({
  name,
  kinds: 'Flat, IVF and HNSW indexes',
  builds: () => true,
  how,
  load: () => void loadBinding(name),
  build: (vectors, dim, of) => NativeIndex.build(name, vectors, dim, of),
  read: (path, file, mmap) => NativeIndex.read(name, path, file, mmap),
});

const engines: Record<EngineName, Engine> = {
  'faiss-avx2': native(
    'faiss-avx2',
    'npm run build:avx2 -w @duet/ann compiles it in a minute or three on Debian or Ubuntu.',
  ),
  faiss: native('faiss', 'npm run build:native -w @duet/ann builds it in seconds on Debian or Ubuntu.'),
  'faiss-node': {
    name: 'faiss-node',
    kinds: 'Flat indexes only, which it cannot change',
    builds: ({ mapped, lists, links }) => !mapped && lists === 0 && links === 0,
    how: 'npm rebuild faiss-node --ignore-scripts=false fetches its binary for macOS, Windows and Linux where GitHub can be reached.',
    load: () => void loadFaissNode(),
    build: (vectors, dim) => FaissNodeIndex.build(vectors, dim),
    read: (path, file) => FaissNodeIndex.read(path, file),
  },
  exact: {
    name: 'exact',
    kinds: 'Flat indexes only',
    builds: ({ lists, links }) => lists === 0 && links === 0,
    how: 'It is always there.',
    load: () => {},
    build: async (vectors, dim, { factory, ids }) => {
      const numbered = Int32Array.from({ length: vectors.length / dim }, (_, row) => row);
      return new ExactIndex(vectors.slice(), dim, factory.mapped ? (ids?.slice() ?? numbered) : undefined);
    },
    read: (path, file) => ExactIndex.read(path, file),
  },
};

/** @throws DuetError 'unavailable' with the reason and how to get it, where it does not work here */
export function openEngine(name: EngineName): Engine {
  const engine = engines[name];
  try {
    engine.load();
    return engine;
  } catch (cause) {
    throw new DuetError('unavailable', `the engine ${name} does not work here: ${(cause as Error).message}`, {
      fix: engine.how,
      cause,
    });
  }
}

/** The engines to choose from, best first: those that load, or the one that DUET_ANN_ENGINE names. */
export function usableEngines(): Engine[] {
  const { annEngine } = loadConfig();
  if (annEngine !== undefined) return [openEngine(annEngine)];
  return engineNames.flatMap((name) => {
    try {
      return [openEngine(name)];
    } catch {
      // Announced by `duet doctor`; the exact engine is always left.
      return [];
    }
  });
}

/**
 * The engine that indexes are searched by, and the better ones that do not work here; none where DUET_ANN_ENGINE chose
 * it.
 */
export function engineInUse(): { engine: EngineName; without: EngineName[] } {
  const engine = usableEngines()[0]!.name;
  const chosen = loadConfig().annEngine !== undefined;
  return { engine, without: chosen ? [] : engineNames.slice(0, engineNames.indexOf(engine)) };
}

/** Every engine, best first: whether it finds a neighbour here, why or why not, and how to get it. */
export async function annEngines(): Promise<{ engine: string; works: boolean; reason: string; how: string }[]> {
  return await Promise.all(
    engineNames.map(async (name) => {
      const { how } = engines[name];
      try {
        const engine = openEngine(name);
        await using index = await engine.build(new Float32Array([1, 0, 0, 1]), 2, { factory: flatFactory, seed: 0 });
        const { ids } = await index.search(new Float32Array([0, 1]), 1);
        if (ids[0] !== 1) return { engine: name, works: false, reason: 'It found the wrong neighbour.', how };
        return { engine: name, works: true, reason: `Works, for ${engine.kinds}.`, how };
      } catch (error) {
        const { cause, message } = error as Error;
        return { engine: name, works: false, reason: cause instanceof DuetError ? cause.message : message, how };
      }
    }),
  );
}
