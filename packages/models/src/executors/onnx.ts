import type * as ort from 'onnxruntime-node';
import type { DenseOptimizer, Executor, Session, Values } from '../executor.ts';
import { gradients } from '../gradient.ts';
import type { Graph, Tensor } from '../graph.ts';
import { onnxFile } from '../onnx-file.ts';
import { adamStep, checkFeeds, initialParams } from '../params.ts';
import type { Rng } from '../rng.ts';

const gradientPrefix = 'd/';

class OnnxSession implements Session {
  #runtime: typeof ort;
  #graph: Graph;
  #threads: number;
  #params: Values;
  #moments: Values = {};
  #steps = 0;
  #forward: ort.InferenceSession | undefined;
  #training: ort.InferenceSession | undefined;

  constructor(runtime: typeof ort, graph: Graph, rng: Rng, threads: number) {
    this.#runtime = runtime;
    this.#graph = graph;
    this.#threads = threads;
    this.#params = initialParams(graph, rng);
  }

  #compile(outputs: Map<string, Tensor>): Promise<ort.InferenceSession> {
    return this.#runtime.InferenceSession.create(onnxFile(this.#graph, outputs), {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: this.#threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  }

  async #execute(session: ort.InferenceSession, feeds: Values): Promise<Values> {
    checkFeeds(this.#graph, feeds);
    const wanted = new Set(session.inputNames);
    const inputs = [...this.#graph.inputs, ...this.#graph.params]
      .filter(({ name }) => wanted.has(name!))
      .map(({ name, op, shape }) => {
        const values = op === 'param' ? this.#params[name!]! : feeds[name!]!;
        return [name!, new this.#runtime.Tensor('float32', values, shape)] as const;
      });
    const results = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(
      Object.entries(results).map(([name, value]) => [name.slice('out:'.length), value.data as Float32Array]),
    );
  }

  async run(feeds: Values): Promise<Values> {
    this.#forward ??= await this.#compile(this.#graph.outputs);
    return this.#execute(this.#forward, feeds);
  }

  async #differentiate(feeds: Values): Promise<{ outputs: Values; gradients: Values }> {
    if (this.#training === undefined) {
      const wanted = this.#graph.nodes.filter((node) => node.op === 'param' || node.gradient);
      const outputs = new Map(this.#graph.outputs);
      gradients(this.#graph, outputs.get('loss')!, wanted).forEach((gradient, i) => {
        const { name, shape } = wanted[i]!;
        const zeros = () => this.#graph.broadcast(this.#graph.constant(0), shape);
        outputs.set(gradientPrefix + name, gradient ?? zeros());
      });
      this.#training = await this.#compile(outputs);
    }
    const all = Object.entries(await this.#execute(this.#training, feeds));
    return {
      outputs: Object.fromEntries(all.filter(([name]) => !name.startsWith(gradientPrefix))),
      gradients: Object.fromEntries(
        all.flatMap(([name, value]) =>
          name.startsWith(gradientPrefix) ? [[name.slice(gradientPrefix.length), value]] : [],
        ),
      ),
    };
  }

  async gradients(feeds: Values): Promise<Values> {
    return (await this.#differentiate(feeds)).gradients;
  }

  async step(feeds: Values, optimizer: DenseOptimizer): Promise<{ outputs: Values; gradients: Values }> {
    const { outputs, gradients } = await this.#differentiate(feeds);
    this.#steps += 1;
    adamStep(this.#params, gradients, this.#moments, this.#steps, optimizer);
    return { outputs, gradients };
  }

  async state(): Promise<Values> {
    const all = { ...this.#params, ...this.#moments, '/t': Float32Array.of(this.#steps) };
    return Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.slice()]));
  }

  async load(state: Values): Promise<void> {
    for (const name of Object.keys(this.#params)) {
      this.#params[name] = state[name]?.slice() ?? this.#params[name]!;
      for (const moment of [`${name}/m`, `${name}/v`]) {
        if (state[moment]) this.#moments[moment] = state[moment].slice();
      }
    }
    this.#steps = state['/t']?.[0] ?? this.#steps;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forward?.release();
    await this.#training?.release();
  }
}

/**
 * ONNX Runtime: the graph and its own gradients as one ONNX file, on `threads` threads.
 *
 * @throws what loading its native library throws, where there is none for this machine
 */
export async function openOnnx(threads = 1): Promise<Executor> {
  const runtime = await import('onnxruntime-node');
  return { name: 'onnx', open: async (graph, rng) => new OnnxSession(runtime, graph, rng, threads) };
}
