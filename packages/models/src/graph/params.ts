import { DuetError } from '@duet/base';
import type { Rng } from '@duet/random';
import type { Values } from './executor.ts';
import { type Graph, sizeOf, type Tensor } from './graph.ts';

/** Starting values: zeros, or Glorot & Bengio's uniform (2010): ±√(6 / (in + out)). */
function initialParams(graph: Graph, rng: Rng): Values {
  return Object.fromEntries(graph.params.map((param) => [param.name!, initialValues(param, rng)]));
}

function initialValues(param: Tensor, rng: Rng): Float32Array {
  const values = new Float32Array(sizeOf(param.shape));
  if (param.init === 'glorot') {
    const limit = Math.sqrt(6 / (param.shape[0]! + param.shape.at(-1)!));
    for (let i = 0; i < values.length; i++) values[i] = (2 * rng() - 1) * limit;
  }
  return values;
}

/**
 * Feeds that a graph with these inputs can take: every one present, of the right length. Throws what is wrong
 * otherwise.
 */
export function checkFeeds(inputs: readonly Tensor[], feeds: Values): void {
  for (const input of inputs) {
    const length = feeds[input.name!]?.length;
    if (length !== sizeOf(input.shape)) {
      throw new DuetError(
        'internal',
        `Input "${input.name}" wants ${sizeOf(input.shape)} values [${input.shape}] and got ${length ?? 'none'}.`,
      );
    }
  }
}

/** Where each parameter lies in the one vector that holds them all, in the order they were declared. */
export class ParamVector {
  readonly length: number;
  readonly places: ReadonlyMap<string, { begin: number; end: number }>;

  constructor(graph: Graph) {
    let begin = 0;
    this.places = new Map(
      graph.params.map(({ name, shape }) => {
        const place = { begin, end: begin + sizeOf(shape) };
        begin = place.end;
        return [name!, place];
      }),
    );
    this.length = begin;
  }

  /** Values by name to one vector; a name that is missing leaves its place in `into` as it is. */
  pack(values: Values, into: Float32Array = new Float32Array(this.length), suffix = ''): Float32Array {
    for (const [name, { begin }] of this.places) {
      const value = values[name + suffix];
      if (value) into.set(value, begin);
    }
    return into;
  }

  /** Copies by name. */
  unpack(vector: Float32Array, suffix = ''): Values {
    return Object.fromEntries(
      [...this.places].map(([name, { begin, end }]) => [name + suffix, vector.slice(begin, end)]),
    );
  }
}

/** Dense parameters with Adam's moments, as a session keeps them between steps. */
export interface DenseState {
  params: Float32Array;
  first: Float32Array;
  second: Float32Array;
  /** Steps taken. */
  steps: number;
}

/** What `Session.state` gives: params (`name`), moments (`name/m`, `name/v`) and the count of steps (`/t`). */
export function saveState(layout: ParamVector, { params, first, second, steps }: DenseState): Values {
  return {
    ...layout.unpack(params),
    ...layout.unpack(first, '/m'),
    ...layout.unpack(second, '/v'),
    '/t': Float32Array.of(steps),
  };
}

/** Puts back what `saveState` gave; entries for other graphs' params are ignored. */
export function loadState(layout: ParamVector, state: DenseState, saved: Values): void {
  layout.pack(saved, state.params);
  layout.pack(saved, state.first, '/m');
  layout.pack(saved, state.second, '/v');
  state.steps = saved['/t']?.[0] ?? state.steps;
}

/** Starting state: the graph's initial params, no moments. */
export function initialState(layout: ParamVector, graph: Graph, rng: Rng): DenseState {
  return {
    params: layout.pack(initialParams(graph, rng)),
    first: new Float32Array(layout.length),
    second: new Float32Array(layout.length),
    steps: 0,
  };
}
