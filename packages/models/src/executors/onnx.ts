import type { Rng } from '@duet/random';
import type * as ort from 'onnxruntime-node';
import { adamNodes, adamScalars } from '../graph/adam.ts';
import type { DenseOptimizer, Executor, Session, Values } from '../graph/executor.ts';
import { gradients } from '../graph/gradient.ts';
import { type Graph, sizeOf, type Tensor } from '../graph/graph.ts';
import { checkFeeds, type DenseState, initialState, loadState, ParamVector, saveState } from '../graph/params.ts';
import { onnxFile, outputName, paramsInput } from '../onnx/onnx-file.ts';
import type { Device } from './device.ts';

const gradientPrefix = 'd/';
const moments = { first: '/first', second: '/second' } as const;
const scalars = ['rate', 'floor', 'keep'] as const;

/** What the graphs run on. */
interface Machine {
  threads: number;
  device: Device;
}

/** A compiled graph with its outputs' memory, which every run fills anew. */
interface Program {
  session: ort.InferenceSession;
  fetches: Record<string, ort.Tensor>;
}

class OnnxSession implements Session {
  #runtime: typeof ort;
  #graph: Graph;
  #inputs: readonly Tensor[];
  #machine: Machine;
  #layout: ParamVector;
  #state: DenseState;
  /** Where the next step writes what `#state` then holds: a graph cannot write over what it still reads. */
  #spare: Pick<DenseState, 'params' | 'first' | 'second'>;
  #forward: Promise<Program> | undefined;
  #training: Promise<Program> | undefined;
  #differentiated: { inputs: Map<string, Tensor>; params: Map<string, Tensor> } | undefined;

  constructor(runtime: typeof ort, graph: Graph, rng: Rng, machine: Machine) {
    this.#runtime = runtime;
    this.#graph = graph;
    this.#inputs = graph.inputs;
    this.#machine = machine;
    this.#layout = new ParamVector(graph);
    this.#state = initialState(this.#layout, graph, rng);
    const { length } = this.#layout;
    this.#spare = {
      params: new Float32Array(length),
      first: new Float32Array(length),
      second: new Float32Array(length),
    };
  }

  async #compile(outputs: Map<string, Tensor>): Promise<Program> {
    const session = await this.#runtime.InferenceSession.create(onnxFile(this.#graph, outputs), {
      executionProviders: this.#machine.device === 'cpu' ? ['cpu'] : [this.#machine.device, 'cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: this.#machine.threads,
      interOpNumThreads: 1,
      // A thread that waits by spinning takes its core from the thread that assembles the next batch.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      logSeverityLevel: 3,
    });
    const fetches = Object.fromEntries(
      [...outputs].map(([name, { shape }]) => [outputName(name), this.#tensor(new Float32Array(sizeOf(shape)), shape)]),
    );
    return { session, fetches };
  }

  #tensor(values: Float32Array, shape: readonly number[]): ort.Tensor {
    return new this.#runtime.Tensor('float32', values, shape);
  }

  async #execute({ session, fetches }: Program, feeds: Values): Promise<Values> {
    checkFeeds(this.#inputs, feeds);
    const inputNames = new Set(session.inputNames);
    const all: Record<string, ort.Tensor> = {};
    for (const { name, shape } of this.#inputs) {
      if (inputNames.has(name!)) all[name!] = this.#tensor(feeds[name!]!, shape);
    }
    const vector = [this.#layout.length];
    if (inputNames.has(paramsInput)) all[paramsInput] = this.#tensor(this.#state.params, vector);
    if (inputNames.has(moments.first)) {
      all[moments.first] = this.#tensor(this.#state.first, vector);
      all[moments.second] = this.#tensor(this.#state.second, vector);
      for (const name of scalars) all[`/${name}`] = this.#tensor(feeds[`/${name}`]!, []);
    }
    await session.run(all, fetches);
    return Object.fromEntries(
      Object.entries(fetches).map(([name, { data }]) => [name.slice(outputName('').length), data as Float32Array]),
    );
  }

  async run(feeds: Values): Promise<Values> {
    this.#forward ??= this.#compile(new Map(this.#graph.outputs));
    const outputs = await this.#execute(await this.#forward, feeds);
    return Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, values.slice()]));
  }

  /** Appends the backward pass to the graph, once. */
  #differentiate() {
    if (this.#differentiated) return this.#differentiated;
    const g = this.#graph;
    const inputs = this.#inputs.filter(({ gradient }) => gradient);
    const { params } = g;
    const found = gradients(g, g.outputs.get('loss')!, [...inputs, ...params]).map(
      (gradient, i) => gradient ?? g.broadcast(g.constant(0), [...inputs, ...params][i]!.shape),
    );
    const named = (tensors: readonly Tensor[], from: number) =>
      new Map(tensors.map(({ name }, i) => [gradientPrefix + name, found[from + i]!]));
    this.#differentiated = { inputs: named(inputs, 0), params: named(params, inputs.length) };
    return this.#differentiated;
  }

  async gradients(feeds: Values): Promise<Values> {
    const { inputs, params } = this.#differentiate();
    const program = await this.#compile(new Map([...inputs, ...params]));
    const values = await this.#execute(program, feeds);
    await program.session.release();
    return Object.fromEntries(Object.entries(values).map(([name, d]) => [name.slice(gradientPrefix.length), d]));
  }

  /** Forward, backward and the optimiser as one program. */
  #compileTraining(): Promise<Program> {
    const g = this.#graph;
    const { inputs, params } = this.#differentiate();
    // A factorisation machine has embedding rows alone.
    if (params.size === 0) return this.#compile(new Map([...g.outputs, ...inputs]));
    const vector = [this.#layout.length];
    const flat = [...params.values()].map((gradient) => g.reshape(gradient, [sizeOf(gradient.shape)]));
    const [rate, floor, keep] = scalars.map((name) => g.input(`/${name}`, [])) as [Tensor, Tensor, Tensor];
    const next = adamNodes(
      g,
      {
        params: g.input(paramsInput, vector),
        gradient: g.concat(flat, 0),
        first: g.input(moments.first, vector),
        second: g.input(moments.second, vector),
      },
      { rate, floor, keep },
    );
    return this.#compile(new Map([...g.outputs, ...inputs, ...Object.entries(next)]));
  }

  async step(feeds: Values, optimizer: DenseOptimizer): Promise<{ outputs: Values; gradients: Values }> {
    this.#training ??= this.#compileTraining();
    const program = await this.#training;
    const state = this.#state;
    const step = state.steps + 1;
    for (const [name, values] of this.#layout.length > 0 ? Object.entries(this.#spare) : []) {
      program.fetches[outputName(name)] = this.#tensor(values, [this.#layout.length]);
    }
    const folded = adamScalars(step, optimizer);
    const now = Object.fromEntries(scalars.map((name) => [`/${name}`, Float32Array.of(folded[name])]));
    const all = await this.#execute(program, { ...feeds, ...now });
    const { params, first, second } = state;
    this.#state = { ...this.#spare, steps: step };
    this.#spare = { params, first, second };
    const outputs: Values = {};
    const found: Values = {};
    for (const [name, values] of Object.entries(all)) {
      if (name.startsWith(gradientPrefix)) found[name.slice(gradientPrefix.length)] = values;
      else if (this.#graph.outputs.has(name)) outputs[name] = values;
    }
    return { outputs, gradients: found };
  }

  async state(): Promise<Values> {
    return saveState(this.#layout, this.#state);
  }

  async load(saved: Values): Promise<void> {
    loadState(this.#layout, this.#state, saved);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of [this.#forward, this.#training]) await (await program)?.session.release();
  }
}

/** Forward, backward and the dense optimiser as one ONNX graph. */
export const onnxExecutor = (runtime: typeof ort, machine: Machine): Executor => ({
  name: machine.device === 'cpu' ? 'onnx' : `onnx-${machine.device}`,
  open: async (graph, rng) => new OnnxSession(runtime, graph, rng, machine),
});
