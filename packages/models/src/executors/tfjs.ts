import type { Rng } from '@duet/random';
import * as tf from '@tensorflow/tfjs-core';
import { adamStep } from '../graph/adam.ts';
import type { DenseOptimizer, Executor, Session, Values } from '../graph/executor.ts';
import type { Graph, Tensor as Node } from '../graph/graph.ts';
import { checkFeeds, type DenseState, initialState, loadState, ParamVector, saveState } from '../graph/params.ts';

/** Rows and columns exchanged, of one matrix or of each of several. */
const turned = (x: tf.Tensor): tf.Tensor => tf.transpose(x, x.rank === 3 ? [0, 2, 1] : [1, 0]);

/**
 * a·b with the backward pass as transpose-then-matmul: the WASM backend's own transposed matmul is scalar code and
 * six times slower.
 */
const matmul = tf.customGrad((a, b, save) => {
  (save as tf.GradSaveFunc)([a as tf.Tensor, b as tf.Tensor]);
  return {
    value: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
      tf.matMul(dy as tf.Tensor2D, turned(saved[1]!)),
      tf.matMul(turned(saved[0]!), dy as tf.Tensor2D),
    ],
  };
});

/** activation(x·w + b) in one kernel, and its gradients. */
const dense = (activation: 'none' | 'relu') =>
  tf.customGrad((x, w, b, save) => {
    const y = tf.fused.matMul({
      a: x as tf.Tensor2D,
      b: w as tf.Tensor2D,
      bias: b as tf.Tensor,
      activation: activation === 'relu' ? 'relu' : 'linear',
    });
    (save as tf.GradSaveFunc)([x as tf.Tensor, w as tf.Tensor, y]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const dz = activation === 'relu' ? tf.mul(dy, tf.step(saved[2]!)) : dy;
        return [
          tf.matMul(dz as tf.Tensor2D, tf.transpose(saved[1]!)),
          tf.matMul(tf.transpose(saved[0]!), dz as tf.Tensor2D),
          tf.sum(dz, 0),
        ];
      },
    };
  });
const denseOf = { none: dense('none'), relu: dense('relu') };

const stopGradient = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));

/** log Σ e^x over the last axis. */
function logSumExp(x: tf.Tensor): tf.Tensor {
  const top = stopGradient(tf.max(x, -1, true));
  return tf.add(tf.log(tf.sum(tf.exp(tf.sub(x, top)), -1)), tf.squeeze(top, [-1]));
}

/** tf.softplus has no WASM kernel: relu(a) + log(1 + e^-|a|). */
const softplus = (a: tf.Tensor): tf.Tensor => tf.add(tf.relu(a), tf.log(tf.add(tf.exp(tf.neg(tf.abs(a))), 1)));

function compute(node: Node, [a, b, c, d, e, f]: tf.Tensor[], all: tf.Tensor[]): tf.Tensor {
  switch (node.op) {
    case 'constant':
      return tf.tensor(node.values!, node.shape as number[]);
    case 'dense':
      return denseOf[node.activation ?? 'none'](a!, b!, c!);
    case 'matmul':
      return matmul(node.transposeA ? turned(a!) : a!, node.transposeB ? turned(b!) : b!);
    case 'add':
      return tf.add(a!, b!);
    case 'sub':
      return tf.sub(a!, b!);
    case 'mul':
      return tf.mul(a!, b!);
    case 'div':
      return tf.div(a!, b!);
    case 'neg':
      return tf.neg(a!);
    case 'exp':
      return tf.exp(a!);
    case 'log':
      return tf.log(a!);
    case 'sqrt':
      return tf.sqrt(a!);
    case 'square':
      return tf.square(a!);
    case 'relu':
      return tf.relu(a!);
    case 'sigmoid':
      return tf.sigmoid(a!);
    case 'softplus':
      return softplus(a!);
    case 'softmax':
      return tf.softmax(a!);
    case 'sampledSoftmax': {
      const same = tf.cast(tf.equal(tf.expandDims(d!, 1), e!), 'float32');
      const others = logSumExp(tf.sub(tf.add(matmul(a!, tf.transpose(b!)), stopGradient(c!)), tf.mul(same, 1e9)));
      return softplus(tf.sub(others, f!));
    }
    case 'sum':
      return tf.sum(a!, node.axes as number[], node.keepDims);
    case 'reshape':
      return tf.reshape(a!, node.shape as number[]);
    case 'concat':
      return tf.concat(all, node.axes![0]);
    case 'slice':
      return tf.slice(a!, node.begin as number[], node.shape as number[]);
    case 'stopGradient':
      return stopGradient(a!);
    case 'positivePart':
      return tf.mul(a!, tf.step(b!));
    case 'broadcast':
      return tf.broadcastTo(a!, node.shape as number[]);
    case 'pad':
      return tf.pad(
        a!,
        node.begin!.map((from, axis): [number, number] => [from, node.shape[axis]! - from - a!.shape[axis]!]),
      );
    default:
      throw new Error(`op ${node.op} is fed, not computed`);
  }
}

/** Runs the whole graph on fed tensors (inputs and params by name). */
function forward(graph: Graph, fed: Map<string, tf.Tensor>): Map<string, tf.Tensor> {
  const values: tf.Tensor[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values[input.id]!);
    values.push(node.name === undefined ? compute(node, inputs, inputs) : fed.get(node.name)!);
  }
  return new Map([...graph.outputs].map(([name, node]) => [name, values[node.id]!]));
}

class TfjsSession implements Session {
  #graph: Graph;
  #layout: ParamVector;
  #state: DenseState;

  constructor(graph: Graph, rng: Rng) {
    this.#graph = graph;
    this.#layout = new ParamVector(graph);
    this.#state = initialState(this.#layout, graph, rng);
  }

  #feed(feeds: Values): Map<string, tf.Tensor> {
    checkFeeds(this.#graph.inputs, feeds);
    const params = this.#layout.unpack(this.#state.params);
    const named = [...this.#graph.inputs, ...this.#graph.params];
    return new Map(
      named.map(({ name, op, shape }) => [
        name!,
        tf.tensor((op === 'param' ? params : feeds)[name!]!, shape as number[]),
      ]),
    );
  }

  async run(feeds: Values): Promise<Values> {
    return tf.tidy(() => {
      const outputs = forward(this.#graph, this.#feed(feeds));
      return Object.fromEntries([...outputs].map(([name, value]) => [name, value.dataSync<'float32'>().slice()]));
    });
  }

  #differentiate(feeds: Values): { outputs: Values; gradients: Values } {
    return tf.tidy(() => {
      const fed = this.#feed(feeds);
      const differentiated = this.#graph.nodes.filter((node) => node.op === 'param' || node.gradient);
      const outputs: Values = {};
      const gradients = tf.grads((...tensors: tf.Tensor[]) => {
        const all = new Map(fed);
        differentiated.forEach((node, i) => {
          all.set(node.name!, tensors[i]!);
        });
        const results = forward(this.#graph, all);
        for (const [name, value] of results) outputs[name] = value.dataSync<'float32'>().slice();
        return results.get('loss')! as tf.Scalar;
      })(differentiated.map((node) => fed.get(node.name!)!));
      return {
        outputs,
        gradients: Object.fromEntries(
          differentiated.map((node, i) => [node.name!, gradients[i]!.dataSync<'float32'>().slice()]),
        ),
      };
    });
  }

  async gradients(feeds: Values): Promise<Values> {
    return this.#differentiate(feeds).gradients;
  }

  async step(feeds: Values, optimizer: DenseOptimizer): Promise<{ outputs: Values; gradients: Values }> {
    const { outputs, gradients } = this.#differentiate(feeds);
    const { params, first, second } = this.#state;
    this.#state.steps += 1;
    adamStep(params, this.#layout.pack(gradients), first, second, this.#state.steps, optimizer);
    return { outputs, gradients };
  }

  async state(): Promise<Values> {
    return saveState(this.#layout, this.#state);
  }

  async load(saved: Values): Promise<void> {
    loadState(this.#layout, this.#state, saved);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Graphs on the best TF.js backend there is here. */
export async function tfjsExecutor(): Promise<Executor & { reason: string }> {
  const reason = await chooseBackend();
  await tf.ready();
  return { name: `tfjs-${tf.getBackend()}`, reason, open: async (graph, rng) => new TfjsSession(graph, rng) };
}

async function chooseBackend(): Promise<string> {
  try {
    await import('@tensorflow/tfjs-node');
    if (await tf.setBackend('tensorflow')) return 'tfjs-node: its native TensorFlow library is installed.';
  } catch {
    // Its install downloads libtensorflow; where that host is out of reach the package is there without its binary.
  }
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  return 'tfjs-node has no native library here (its install downloads one), so WebAssembly runs.';
}
