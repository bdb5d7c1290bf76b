import { DuetError } from '@duet/base';

/** Sizes of a tensor's axes. Every graph is built for one batch size, so all of them are known. */
export type Shape = readonly number[];

/**
 * The op set: what a model may be made of. Each executor implements these and nothing else, each with the semantics
 * of NumPy (broadcasting included) in float32.
 */
export type Op =
  | 'input'
  | 'param'
  | 'constant'
  | 'dense'
  | 'matmul'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'neg'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'square'
  | 'relu'
  | 'sigmoid'
  | 'softplus'
  | 'softmax'
  | 'sampledSoftmax'
  | 'sum'
  | 'reshape'
  | 'concat'
  | 'slice'
  | 'stopGradient'
  // Only gradients are made of these.
  | 'positivePart'
  | 'sampledSoftmaxGradient'
  | 'broadcast'
  | 'pad';

/** A value in a graph, not yet computed. */
export interface Tensor {
  readonly id: number;
  readonly op: Op;
  readonly shape: Shape;
  readonly inputs: readonly Tensor[];
  /** Name of an input or param. */
  readonly name?: string;
  /** Input: the caller wants the loss's gradient with respect to it (gathered embedding rows). */
  readonly gradient?: boolean;
  /** Param: how it starts. */
  readonly init?: 'zeros' | 'glorot';
  /** Constant: row-major values. */
  readonly values?: Float32Array;
  /** `dense`: applied after the bias. */
  readonly activation?: 'none' | 'relu';
  /** `matmul`: use a ([k, m]) or b ([n, k]) transposed. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** `sum`: reduced axes, ascending. `concat`: the one axis. */
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
  /** `sampledSoftmaxGradient`: the input of the loss that it is the gradient of. */
  readonly of?: 'a' | 'b' | 'own';
  /** `slice`: first index on each axis; the shape gives the extent. `pad`: where the input lies in the zeros. */
  readonly begin?: readonly number[];
}

/** Number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

/** NumPy's broadcasting rule. Throws where the shapes do not fit. */
function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const m = a[axis - rank + a.length] ?? 1;
    const n = b[axis - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new DuetError('internal', `Shapes [${a}] and [${b}] cannot be broadcast together.`);
    }
    return Math.max(m, n);
  });
}

/**
 * A model's computation, written once and run by any executor. Methods append an op and return its value; `output`
 * names what the caller wants back. A training graph has an output called `loss` of shape [].
 */
export class Graph {
  readonly nodes: Tensor[] = [];
  readonly outputs = new Map<string, Tensor>();

  #append(op: Op, inputs: readonly Tensor[], shape: Shape, attributes: Partial<Tensor> = {}): Tensor {
    const node: Tensor = { id: this.nodes.length, op, inputs, shape, ...attributes };
    this.nodes.push(node);
    return node;
  }

  /** All inputs, in the order they were declared. */
  get inputs(): Tensor[] {
    return this.nodes.filter((node) => node.op === 'input');
  }

  /** All trained dense parameters, in the order they were declared. */
  get params(): Tensor[] {
    return this.nodes.filter((node) => node.op === 'param');
  }

  output(name: string, tensor: Tensor): void {
    this.outputs.set(name, tensor);
  }

  /**
   * A value fed at every run; the same name twice is the same input. With `gradient`, a training step returns d loss /
   * d input.
   */
  input(name: string, shape: Shape, options: { gradient?: boolean } = {}): Tensor {
    const known = this.nodes.find((node) => node.op === 'input' && node.name === name);
    return known ?? this.#append('input', [], shape, { name, gradient: options.gradient ?? false });
  }

  /** A trained dense parameter; the same name twice is the same parameter. */
  param(name: string, shape: Shape, init: 'zeros' | 'glorot'): Tensor {
    const known = this.nodes.find((node) => node.op === 'param' && node.name === name);
    return known ?? this.#append('param', [], shape, { name, init });
  }

  constant(values: Float32Array | number, shape: Shape = []): Tensor {
    const data = typeof values === 'number' ? Float32Array.of(values) : values;
    return this.#append('constant', [], shape, { values: data });
  }

  /** activation(x·w + b): x [n, in], w [in, out], b [out] → [n, out]. */
  dense(x: Tensor, w: Tensor, b: Tensor, activation: 'none' | 'relu'): Tensor {
    if (x.shape.length !== 2 || x.shape[1] !== w.shape[0]) {
      throw new DuetError('internal', `dense: x [${x.shape}] does not fit w [${w.shape}].`);
    }
    return this.#append('dense', [x, w, b], [x.shape[0]!, w.shape[1]!], { activation });
  }

  /**
   * a [m, k] · b [k, n] → [m, n]; with `transposeA`, a is [k, m]; with `transposeB`, b is [n, k]. With one more axis in
   * front, the same for both, that many products.
   */
  matmul(a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor {
    const { transposeA = false, transposeB = false } = options;
    const [shapeA, shapeB] = [a.shape.slice(-2), b.shape.slice(-2)];
    const [rows, innerA] = transposeA ? shapeA.toReversed() : shapeA;
    const [innerB, columns] = transposeB ? shapeB.toReversed() : shapeB;
    const [products, productsB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    if (innerA !== innerB || products.length > 1 || `${products}` !== `${productsB}`) {
      throw new DuetError('internal', `matmul: [${a.shape}] does not fit [${b.shape}].`);
    }
    return this.#append('matmul', [a, b], [...products, rows!, columns!], { transposeA, transposeB });
  }

  add = (a: Tensor, b: Tensor): Tensor => this.#append('add', [a, b], broadcastShape(a.shape, b.shape));
  sub = (a: Tensor, b: Tensor): Tensor => this.#append('sub', [a, b], broadcastShape(a.shape, b.shape));
  mul = (a: Tensor, b: Tensor): Tensor => this.#append('mul', [a, b], broadcastShape(a.shape, b.shape));
  div = (a: Tensor, b: Tensor): Tensor => this.#append('div', [a, b], broadcastShape(a.shape, b.shape));
  neg = (a: Tensor): Tensor => this.#append('neg', [a], a.shape);
  exp = (a: Tensor): Tensor => this.#append('exp', [a], a.shape);
  log = (a: Tensor): Tensor => this.#append('log', [a], a.shape);
  sqrt = (a: Tensor): Tensor => this.#append('sqrt', [a], a.shape);
  square = (a: Tensor): Tensor => this.#append('square', [a], a.shape);
  relu = (a: Tensor): Tensor => this.#append('relu', [a], a.shape);
  sigmoid = (a: Tensor): Tensor => this.#append('sigmoid', [a], a.shape);
  /** log(1 + e^a), stable for large |a|. */
  softplus = (a: Tensor): Tensor => this.#append('softplus', [a], a.shape);
  /** Softmax over the last axis. */
  softmax = (a: Tensor): Tensor => this.#append('softmax', [a], a.shape);
  /**
   * log Σ e^a over the last axis, kept as 1, stable: the softmax's mean of a, which is at most log n below the largest,
   * is taken out.
   */
  logSumExp(a: Tensor): Tensor {
    const last = [a.shape.length - 1];
    const high = this.stopGradient(this.sum(this.mul(this.softmax(a), a), last, true));
    return this.add(high, this.log(this.sum(this.exp(this.sub(a, high)), last, true)));
  }
  /**
   * −log(e^own_i / (e^own_i + Σ_j e^(⟨a_i, b_j⟩ + bias_j))) over the rows j of b whose key is not a_i's: a [m, d], b
   * [n, d], own [m] → [m]. Bias [n] and the keys [m], [n] have no gradient. The [m, n] terms are never whole in memory:
   * executors may work in tiles of rows, forward and backward.
   */
  sampledSoftmax(a: Tensor, b: Tensor, bias: Tensor, aKey: Tensor, bKey: Tensor, own: Tensor): Tensor {
    return this.#append('sampledSoftmax', [a, b, bias, aKey, bKey, own], own.shape);
  }
  /** d loss / d one of the inputs of a `sampledSoftmax`, given d loss / d its value [m]. */
  sampledSoftmaxGradient(of: 'a' | 'b' | 'own', loss: Tensor, dy: Tensor): Tensor {
    const [a, b, , , , own] = loss.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    return this.#append('sampledSoftmaxGradient', [...loss.inputs, dy], { a, b, own }[of].shape, { of });
  }
  /** `a` where `y` > 0, else 0: what relu lets back through. No gradient of its own. */
  positivePart = (a: Tensor, y: Tensor): Tensor => this.#append('positivePart', [a, y], a.shape);
  /** The value of `a`, through which no gradient flows. */
  stopGradient = (a: Tensor): Tensor => this.#append('stopGradient', [a], a.shape);

  /** a × a fixed number. */
  scale(a: Tensor, factor: number): Tensor {
    return factor === 1 ? a : this.mul(a, this.constant(factor));
  }

  /** Sum over `axes` (default: all). */
  sum(a: Tensor, axes: readonly number[] = a.shape.map((_, axis) => axis), keepDims = false): Tensor {
    const shape = keepDims
      ? a.shape.map((n, axis) => (axes.includes(axis) ? 1 : n))
      : a.shape.filter((_, axis) => !axes.includes(axis));
    return this.#append('sum', [a], shape, { axes, keepDims });
  }

  /** a / √(Σ a² + 1e-12) over the last axis. */
  l2Normalize(a: Tensor): Tensor {
    const squares = this.sum(this.square(a), [a.shape.length - 1], true);
    return this.div(a, this.sqrt(this.add(squares, this.constant(1e-12))));
  }

  /** Mean over all elements → []. */
  mean(a: Tensor): Tensor {
    return this.scale(this.sum(a), 1 / sizeOf(a.shape));
  }

  reshape(a: Tensor, shape: Shape): Tensor {
    if (sizeOf(a.shape) !== sizeOf(shape)) {
      throw new DuetError('internal', `reshape: [${a.shape}] has not as many elements as [${shape}].`);
    }
    return this.#append('reshape', [a], shape);
  }

  concat(tensors: readonly Tensor[], axis: number): Tensor {
    const first = tensors[0]!;
    const extent = tensors.reduce((sum, tensor) => sum + tensor.shape[axis]!, 0);
    return tensors.length === 1
      ? first
      : this.#append('concat', tensors, first.shape.with(axis, extent), { axes: [axis] });
  }

  /** The block of extent `shape` that starts at `begin`. */
  slice(a: Tensor, begin: readonly number[], shape: Shape): Tensor {
    if (begin.some((from, axis) => from + shape[axis]! > a.shape[axis]!)) {
      throw new DuetError('internal', `slice: [${begin}] + [${shape}] leaves [${a.shape}].`);
    }
    return this.#append('slice', [a], shape, { begin });
  }

  /** `a` repeated to `shape`, as NumPy's broadcast_to. */
  broadcast(a: Tensor, shape: Shape): Tensor {
    return a.shape.length === shape.length && a.shape.every((n, axis) => n === shape[axis])
      ? a
      : this.#append('broadcast', [a], shape);
  }

  /** Zeros of `shape` with `a` at `begin`: what `slice` took out, put back. */
  pad(a: Tensor, begin: readonly number[], shape: Shape): Tensor {
    return this.#append('pad', [a], shape, { begin });
  }
}
