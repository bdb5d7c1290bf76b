import type { Values } from './executor.ts';
import type { Graph, Tensor } from './graph.ts';
import {
  type Attributes,
  float32,
  int64,
  Message,
  nodeProto,
  scanProto,
  tensorProto,
  valueInfo,
} from './onnx-message.ts';
import { ParamVector } from './params.ts';

const elementwise: Partial<Record<Tensor['op'], string>> = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  softplus: 'Softplus',
  stopGradient: 'Identity',
};

/** Elements of a tile of dot products: 4 MB, which the second or third level of cache holds. */
const tileElements = 2 ** 20;

/** Rows in a tile: of the divisors of all, the greatest that keeps a tile small. */
function tileRows(rows: number, columns: number): number {
  for (let tiles = Math.max(1, Math.ceil((rows * columns) / tileElements)); tiles < rows; tiles++) {
    if (rows % tiles === 0) return rows / tiles;
  }
  return 1;
}

/** Names of what a sampled softmax makes: the loss of each row, and its gradients. */
interface SampledSoftmax {
  loss: string;
  a: string;
  b: string;
  own: string;
}

/** Name of the file's input that holds every parameter, one after the other. */
export const paramsInput = '/params';

/** Name of an output in the file: apart from the tensors' names, for an output may be an input too. */
export const outputName = (name: string): string => `out:${name}`;

/** A node and all that it is made of. */
function withAncestors(node: Tensor, found = new Set<Tensor>()): Set<Tensor> {
  if (found.has(node)) return found;
  found.add(node);
  for (const input of node.inputs) withAncestors(input, found);
  return found;
}

/** d loss / d a sampled softmax, where its gradients are wanted and that does not depend on its value: both are made in one go. */
function fusedGradients(graph: Graph, live: ReadonlySet<Tensor>): Map<Tensor, Tensor> {
  const gradients = graph.nodes.filter((node) => live.has(node) && node.op === 'sampledSoftmaxGradient');
  const losses = graph.nodes.filter((node) => live.has(node) && node.op === 'sampledSoftmax');
  return new Map(
    losses.flatMap((loss) => {
      const of = gradients.find(({ inputs }) => loss.inputs.every((input, i) => input === inputs[i]));
      const dy = of?.inputs[6];
      return dy === undefined || withAncestors(dy).has(loss) ? [] : [[loss, dy]];
    }),
  );
}

/** The live nodes, each after those that it is made of. */
function inOrder(graph: Graph, live: ReadonlySet<Tensor>, gradientOf: ReadonlyMap<Tensor, Tensor>): Set<Tensor> {
  const ordered = new Set<Tensor>();
  const add = (node: Tensor) => {
    if (ordered.has(node)) return;
    const dy = gradientOf.get(node);
    for (const input of dy ? [...node.inputs, dy] : node.inputs) add(input);
    ordered.add(node);
  };
  for (const node of graph.nodes) if (live.has(node)) add(node);
  return ordered;
}

/**
 * The graph as an ONNX file (IR 8, opset 18): its inputs are the file's, `outputs` its outputs, and its params lie one
 * after the other, in the order of their declaration, in one more input, `paramsInput`.
 *
 * With `plain`, a file for any other program: params are constants of that name, outputs keep their names, and the
 * first axis of every input and output is free (`batch`), which a graph allows whose nodes treat each row alone.
 *
 * @param outputs name → tensor; several names may stand for one tensor
 */
export function onnxFile(graph: Graph, outputs: Map<string, Tensor>, plain?: { params: Values }): Uint8Array {
  const body = new Message();
  const nameOf = (t: Tensor) => t.name ?? `t${t.id}`;
  const live = new Set<Tensor>(outputs.values());
  for (const node of [...graph.nodes].reverse()) if (live.has(node)) for (const input of node.inputs) live.add(input);

  let extra = 0;
  const ints = (values: readonly number[]): string => {
    const name = `i${extra++}`;
    const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    body.message(5, tensorProto(name, int64, [values.length], raw));
    return name;
  };
  const scalar = (value: number): string => {
    const name = `f${extra++}`;
    body.message(5, tensorProto(name, float32, [], new Uint8Array(Float32Array.of(value).buffer)));
    return name;
  };
  const emit = (
    type: string,
    inputs: string[],
    output: string,
    attributes?: Attributes,
    floats?: Record<string, number>,
  ) => body.message(1, nodeProto(type, inputs, output, attributes, floats));

  const gradientOf = fusedGradients(graph, live);
  const softmaxes = new Map<string, SampledSoftmax>();
  /**
   * A sampled softmax with, given dy, its gradients: forward and backward of some rows before the next ones, so that what one tile
   * makes stays in the cache and is never whole in memory. Made once for the loss and all gradients.
   */
  const sampledSoftmax = (terms: readonly Tensor[], dy: Tensor | undefined): SampledSoftmax => {
    const key = [...terms, ...(dy ? [dy] : [])].map(nameOf).join();
    const known = softmaxes.get(key);
    if (known) return known;
    const [a, b, bias, aKey, bKey, own] = terms.map(nameOf) as [string, string, string, string, string, string];
    const [rows, dims] = terms[0]!.shape as [number, number];
    const columns = terms[1]!.shape[0]!;
    const family = `k${extra++}`;
    // The bias is one more column of b, met by a column of ones.
    const ones = new Uint8Array(new Float32Array(rows).fill(1).buffer);
    body.message(5, tensorProto(`${family}o`, float32, [rows, 1], ones));
    emit('Concat', [a, `${family}o`], `${family}a`, { axis: 1 });
    emit('Reshape', [bias, ints([columns, 1])], `${family}c`);
    emit('Concat', [b, `${family}c`], `${family}b`, { axis: 1 });
    const column = ints([-1, 1]);
    const across = ints([-1]);

    /** Of some rows, into a graph of their own or this one. */
    const tile = (
      into: Message,
      of: { a: string; ones: string; aKey: string; own: string; dy: string; sum?: string },
      name: string,
    ): SampledSoftmax => {
      const add = (
        type: string,
        inputs: string[],
        to: string,
        attributes?: Attributes,
        floats?: Record<string, number>,
      ) => {
        into.message(1, nodeProto(type, inputs, `${name}${to}`, attributes, floats));
        return `${name}${to}`;
      };
      const same = add('Cast', [add('Equal', [add('Reshape', [of.aKey, column], 'r'), bKey], 'e')], 'c', {
        to: float32,
      });
      const logits = add('Gemm', [of.ones, `${family}b`, same], 'l', { transB: 1 }, { beta: -1e9 });
      const softmax = add('Softmax', [logits], 'p', { axis: -1 });
      // The largest term's softmax is 1 / Σ e^(term − largest): at least 1 / n, so its logarithm is exact.
      const largest = add('ReduceMax', [logits, across], 'm', { keepdims: 0 });
      const likeliest = add('Log', [add('ReduceMax', [softmax, across], 'h', { keepdims: 0 })], 'g');
      const gap = add('Sub', [add('Sub', [largest, likeliest], 's'), of.own], 'd');
      const loss = add('Softplus', [gap], 'y');
      if (dy === undefined) return { loss, a: '', b: '', own: '' };
      const slope = add('Mul', [add('Sigmoid', [gap], 'i'), of.dy], 'w');
      const slopes = add('Reshape', [slope, column], 'v');
      return {
        loss,
        a: add('Mul', [add('Gemm', [softmax, b], 'x'), slopes], 'A'),
        b: add('Gemm', [softmax, add('Mul', [of.a, slopes], 'u'), ...(of.sum ? [of.sum] : [])], 'B', { transA: 1 }),
        own: add('Neg', [slope], 'O'),
      };
    };

    const size = tileRows(rows, columns);
    const whole = { a, ones: `${family}a`, aKey, own, dy: dy ? nameOf(dy) : '' };
    let made: SampledSoftmax;
    if (size === rows) made = tile(body, whole, `${family}W`);
    else {
      const inner = new Message();
      const shapes: Record<string, number[]> = {
        a: [size, dims],
        ones: [size, dims + 1],
        aKey: [size],
        own: [size],
        ...(dy && { dy: [size] }),
      };
      const named = Object.keys(shapes).map((input) => [input, `${family}T${input}`]);
      const of = { ...(Object.fromEntries(named) as typeof whole), ...(dy && { sum: `${family}Tsum` }) };
      const one = tile(inner, of, `${family}T`);
      const state = dy ? [valueInfo(`${family}Tsum`, [columns, dims])] : [];
      const inputs = Object.entries(shapes).map(([input, shape]) => valueInfo(`${family}T${input}`, shape));
      const outputs: [string, number[]][] = [
        ...(dy ? ([[one.b, [columns, dims]]] as [string, number[]][]) : []),
        [one.loss, [size]],
        ...(dy
          ? ([
              [one.a, [size, dims]],
              [one.own, [size]],
            ] as [string, number[]][])
          : []),
      ];
      inner
        .text(2, `${family}tile`)
        .each([...state, ...inputs], (m, input) => m.message(11, input))
        .each(outputs, (m, [name, shape]) => m.message(12, valueInfo(name, shape)));
      const tiles = rows / size;
      const stacked = Object.entries(shapes).map(([input, shape]) => {
        emit('Reshape', [whole[input as keyof typeof whole], ints([tiles, ...shape])], `${family}S${input}`);
        return `${family}S${input}`;
      });
      if (dy) emit('ConstantOfShape', [ints([columns, dims])], `${family}z`);
      const results = outputs.map((_, i) => `${family}R${i}`);
      body.message(1, scanProto([...(dy ? [`${family}z`] : []), ...stacked], results, inner, stacked.length));
      const flat = (from: string, shape: number[]) => {
        emit('Reshape', [from, ints(shape)], `${from}f`);
        return `${from}f`;
      };
      made = dy
        ? {
            b: results[0]!,
            loss: flat(results[1]!, [rows]),
            a: flat(results[2]!, [rows, dims]),
            own: flat(results[3]!, [rows]),
          }
        : { loss: flat(results[0]!, [rows]), a: '', b: '', own: '' };
    }
    softmaxes.set(key, made);
    return made;
  };

  const layout = new ParamVector(graph);
  for (const node of inOrder(graph, live, gradientOf)) {
    if (node.op === 'input') continue;
    const out = nameOf(node);
    const inputs = node.inputs.map(nameOf);
    const [a, b] = inputs as [string, string];
    switch (node.op) {
      case 'param': {
        if (plain) {
          const { buffer, byteOffset, byteLength } = plain.params[node.name!]!;
          const raw = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
          body.message(5, tensorProto(out, float32, node.shape, raw));
          break;
        }
        const { begin, end } = layout.places.get(node.name!)!;
        emit('Slice', [paramsInput, ints([begin]), ints([end])], `${out}f`);
        emit('Reshape', [`${out}f`, ints(node.shape)], out);
        break;
      }
      case 'constant': {
        const { buffer, byteOffset, byteLength } = node.values!;
        const raw = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
        body.message(5, tensorProto(out, float32, node.shape, raw));
        break;
      }
      case 'dense':
        if (node.activation === 'relu') {
          emit('Gemm', inputs, `${out}z`);
          emit('Relu', [`${out}z`], out);
        } else emit('Gemm', inputs, out);
        break;
      case 'matmul': {
        const { transposeA, transposeB } = node;
        if (node.shape.length === 2) {
          emit('Gemm', inputs, out, { transA: Number(transposeA), transB: Number(transposeB) });
          break;
        }
        const turned = (from: string, to: string) => {
          emit('Transpose', [from], to, { perm: [0, 2, 1] });
          return to;
        };
        emit('MatMul', [transposeA ? turned(a, `${out}a`) : a, transposeB ? turned(b, `${out}b`) : b], out);
        break;
      }
      case 'square':
        emit('Mul', [a, a], out);
        break;
      case 'positivePart': {
        const zero = scalar(0);
        emit('Greater', [b, zero], `${out}p`);
        emit('Where', [`${out}p`, a, zero], out);
        break;
      }
      case 'softmax':
        emit('Softmax', [a], out, { axis: -1 });
        break;
      case 'sampledSoftmax':
        emit('Identity', [sampledSoftmax(node.inputs, gradientOf.get(node)).loss], out);
        break;
      case 'sampledSoftmaxGradient':
        emit('Identity', [sampledSoftmax(node.inputs.slice(0, 6), node.inputs[6]!)[node.of!]], out);
        break;
      case 'sum':
        emit('ReduceSum', [a, ints(node.axes!)], out, { keepdims: Number(node.keepDims ?? false) });
        break;
      case 'reshape':
        emit('Reshape', [a, ints(plain ? node.shape.with(0, -1) : node.shape)], out);
        break;
      case 'concat':
        emit('Concat', inputs, out, { axis: node.axes![0]! });
        break;
      case 'slice': {
        // Only the axes that it cuts: the others may be free.
        const axes = [...node.shape.keys()].filter((axis) => node.shape[axis] !== node.inputs[0]!.shape[axis]);
        const begins = axes.map((axis) => node.begin![axis]!);
        const ends = axes.map((axis) => node.begin![axis]! + node.shape[axis]!);
        if (axes.length > 0) emit('Slice', [a, ints(begins), ints(ends), ints(axes)], out);
        else emit('Identity', [a], out);
        break;
      }
      case 'broadcast':
        emit('Expand', [a, ints(node.shape)], out);
        break;
      case 'pad': {
        const ends = node.begin!.map((from, axis) => node.shape[axis]! - from - node.inputs[0]!.shape[axis]!);
        emit('Pad', [a, ints([...node.begin!, ...ends])], out);
        break;
      }
      default:
        emit(elementwise[node.op]!, inputs, out);
    }
  }
  const shapeOf = ({ shape }: Tensor) => (plain ? ['batch', ...shape.slice(1)] : shape);
  const inputs = graph.inputs.filter((node) => live.has(node) && node.name !== paramsInput);
  for (const input of inputs) body.message(11, valueInfo(input.name!, shapeOf(input)));
  if (layout.length > 0 && !plain) body.message(11, valueInfo(paramsInput, [layout.length]));
  for (const [name, tensor] of outputs) {
    const as = plain ? name : outputName(name);
    emit('Identity', [nameOf(tensor)], as);
    body.message(12, valueInfo(as, shapeOf(tensor)));
  }
  body.text(2, 'duet');
  const opset = new Message().text(1, '').int(2, 18);
  return new Message().int(1, 8).text(2, 'duet').message(7, body).message(8, opset).finish();
}
