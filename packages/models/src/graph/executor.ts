import type { Rng } from '@duet/random';
import type { Graph } from './graph.ts';

/** Values by name: a graph's inputs, outputs, params or gradients, row-major float32. */
export type Values = Record<string, Float32Array>;

/** Adam for the dense parameters (Kingma & Ba 2015), with AdamW's decoupled weight decay (Loshchilov & Hutter 2019). */
export interface DenseOptimizer {
  learningRate: number;
  weightDecay: number;
}

/** A graph made ready to run. Holds the dense parameters and their optimiser's state. */
export interface Session extends AsyncDisposable {
  /** Forward only: every output. */
  run(feeds: Values): Promise<Values>;
  /**
   * Forward, backward and one optimiser step on the params. `gradients` has one entry per input that asked for it.
   * The arrays are the session's own and hold until its next step.
   */
  step(feeds: Values, optimizer: DenseOptimizer): Promise<{ outputs: Values; gradients: Values }>;
  /** Loss gradients with respect to inputs and params, changing nothing. For tests. */
  gradients(feeds: Values): Promise<Values>;
  /** A copy of params (`name`) and optimiser state (`name/m`, `name/v`, `/t`): what a checkpoint keeps. */
  state(): Promise<Values>;
  /** Puts back what `state` gave; entries for other graphs' params are ignored. */
  load(state: Values): Promise<void>;
}

/** Something that can run graphs: TF.js, ONNX Runtime. */
export interface Executor {
  readonly name: string;
  /** Params start from `rng` by their `init`; the same seed gives the same params on every executor. */
  open(graph: Graph, rng: Rng): Promise<Session>;
}
