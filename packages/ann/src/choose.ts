import { DuetError } from '@duet/base';
import { usableEngines } from './engines.ts';
import { bytesPerVector, type Factory, factoryName, flatFactory, parseFactory } from './factory.ts';
import { exactNeighbours, type Measurement, measureIndex } from './measure.ts';
import { buildIndex } from './open.ts';
import { checkDim, checkVectors, type VectorIndex } from './vector-index.ts';

export interface ChooseOptions {
  /** Share of the exact 100 best that the index has to find; 0.99 by default. */
  recallTarget?: number;
  /** Bytes that the index may take; any number by default. */
  memoryBudget?: number;
  /** The one to build, instead of a choice. */
  factory?: string;
  /** Of the k-means; 1234 by default. */
  seed?: number;
  /** Told what is being built and measured. */
  progress?: (note: string) => void;
}

/** One index that was built and measured. */
export interface Candidate extends Measurement {
  factory: string;
  bytesPerVector: number;
  buildMs: number;
}

export interface ChosenIndex extends Candidate {
  index: VectorIndex;
  /** Why this one, a sentence for the admin. */
  reason: string;
  /** All that were measured, this one too, in the order of measuring. */
  candidates: Candidate[];
}

/** Up to so many vectors a scan of all takes about as long as handing a query to another thread. */
const flatUpTo = 20_000;
/** Times within so much of the fastest count as equal; memory then decides. */
const equallyFast = 1.1;

/**
 * Builds and tunes the best index over `vectors` [n, dim]: of Flat, IVF,Flat, IVF,SQfp16 and IVF,SQ8 the fastest that
 * finds `recallTarget` of the exact 100 best of `queries` [m, dim] and fits the memory; the smaller where two are
 * equally fast; the one of the highest recall where none reaches the target. Each candidate's nprobe is tuned on the
 * queries.
 *
 * @throws DuetError 'bad-input' for wrong shapes, a factory that is not one, and a memory that none fits
 */
export async function chooseIndex(
  vectors: Float32Array,
  dim: number,
  queries: Float32Array,
  { recallTarget = 0.99, memoryBudget = Number.POSITIVE_INFINITY, factory, seed, progress }: ChooseOptions = {},
): Promise<ChosenIndex> {
  const n = checkVectors('vectors', vectors, checkDim(dim));
  checkVectors('queries', queries, dim);
  if (!(recallTarget > 0 && recallTarget <= 1)) {
    throw new DuetError('bad-input', `must be above 0 and at most 1; it is ${recallTarget}.`, {
      where: { field: 'recallTarget' },
    });
  }
  const { factories, why } =
    factory === undefined ? candidatesFor(n) : { factories: [parseFactory(factory)], why: 'It was asked for.' };
  const bytes = (of: Factory) => n * bytesPerVector(of, n, dim);
  const fitting = factories.filter((of) => bytes(of) <= memoryBudget);
  if (fitting.length === 0) {
    const least = factories.reduce((a, b) => (bytes(a) <= bytes(b) ? a : b));
    throw new DuetError(
      'bad-input',
      `${n} vectors take ${Math.ceil(bytes(least))} bytes as ${factoryName(least)}, the smallest index here.`,
      {
        where: { field: 'memoryBudget' },
        fix: 'Allow more memory, or train fewer dimensions.',
      },
    );
  }

  await using flat = await buildIndex(vectors, dim, { factory: 'Flat' });
  const exact = await exactNeighbours(flat, queries);
  const candidates: Candidate[] = [];
  let best: { index: VectorIndex; candidate: Candidate } | undefined;
  for (const of of fitting) {
    const name = factoryName(of);
    progress?.(name);
    const began = performance.now();
    const index = await buildIndex(vectors, dim, { factory: name, seed });
    const buildMs = Math.round(performance.now() - began);
    const candidate: Candidate = {
      factory: index.factory,
      bytesPerVector: bytesPerVector(parseFactory(index.factory), n, dim),
      buildMs,
      ...(await measureIndex(index, queries, exact, recallTarget)),
    };
    candidates.push(candidate);
    const better = best === undefined || isBetter(candidate, best.candidate, recallTarget);
    const worse = better ? best?.index : index;
    if (better) best = { index, candidate };
    await worse?.[Symbol.asyncDispose]();
  }
  const { index, candidate } = best!;
  return { index, ...candidate, candidates, reason: why ?? reasonFor(candidate, candidates, recallTarget) };
}

/** What to measure for n vectors, and the reason where there is nothing to choose between. */
function candidatesFor(n: number): { factories: Factory[]; why?: string } {
  if (n <= flatUpTo) {
    return {
      factories: [flatFactory],
      why: `Up to ${flatUpTo.toLocaleString('en')} vectors, looking at all of them is fastest.`,
    };
  }
  const lists = 2 ** Math.round(Math.log2(Math.sqrt(n)));
  const engines = usableEngines();
  if (!engines.some((engine) => engine.builds({ ...flatFactory, lists }))) {
    return { factories: [flatFactory], why: `The engine ${engines[0]!.name} has only Flat.` };
  }
  const inLists = (['Flat', 'SQfp16', 'SQ8'] as const).map((storage) => ({ ...flatFactory, lists, storage }));
  return { factories: [flatFactory, ...inLists] };
}

function isBetter(one: Candidate, other: Candidate, recallTarget: number): boolean {
  const reaches = one.recallAt100 >= recallTarget;
  if (reaches !== other.recallAt100 >= recallTarget) return reaches;
  if (!reaches) return one.recallAt100 > other.recallAt100;
  const [fast, slow] = one.p50Us < other.p50Us ? [one, other] : [other, one];
  if (slow.p50Us <= equallyFast * fast.p50Us) return one.bytesPerVector < other.bytesPerVector;
  return one === fast;
}

function reasonFor(chosen: Candidate, candidates: Candidate[], recallTarget: number): string {
  const target = `recall@100 ${recallTarget}`;
  if (chosen.recallAt100 < recallTarget) return `None of ${candidates.length} reaches ${target}; this comes nearest.`;
  const reaching = candidates.filter(({ recallAt100 }) => recallAt100 >= recallTarget);
  const fastest = Math.min(...reaching.map(({ p50Us }) => p50Us));
  const of = `of the ${reaching.length} (of ${candidates.length}) that reach ${target}`;
  return chosen.p50Us === fastest ? `The fastest ${of}.` : `As fast as the fastest ${of}, and smaller.`;
}
