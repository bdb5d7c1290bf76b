import type { Values } from './executor.ts';
import type { Graph, Tensor } from './graph.ts';
import { type Attributes, float32, int64, Message, nodeProto, tensorProto, valueInfo } from './onnx-message.ts';
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

/** Some rows of a softmax over dot products: the names of its terms and of itself, and how to cut the same rows. */
interface Tile {
  logits: string;
  softmax: string;
  slice: (from: string, to: string) => string;
}

/** Name of the file's input that holds every parameter, one after the other. */
export const paramsInput = '/params';

/** Name of an output in the file: apart from the tensors' names, for an output may be an input too. */
export const outputName = (name: string): string => `out:${name}`;

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

  // The softmax of all dot products, in tiles of rows that stay in the cache; made once for all nodes that need it.
  const tilesOf = new Map<string, Tile[]>();
  const tiles = (node: Tensor): Tile[] => {
    const terms = node.inputs.slice(0, 5);
    const [a, b, bias, aKey, bKey] = terms.map(nameOf);
    const key = terms.map(nameOf).join();
    const known = tilesOf.get(key);
    if (known) return known;
    const [rows, columns] = [terms[0]!.shape[0]!, terms[1]!.shape[0]!];
    const size = Math.ceil(rows / Math.ceil((rows * columns) / tileElements));
    // The bias is one more column of b, met by a column of ones.
    const family = `k${extra++}`;
    const ones = new Uint8Array(new Float32Array(rows).fill(1).buffer);
    body.message(5, tensorProto(`${family}o`, float32, [rows, 1], ones));
    emit('Concat', [a!, `${family}o`], `${family}a`, { axis: 1 });
    emit('Reshape', [bias!, ints([columns, 1])], `${family}c`);
    emit('Concat', [b!, `${family}c`], `${family}b`, { axis: 1 });
    const made: Tile[] = [];
    for (let begin = 0; begin < rows; begin += size) {
      const end = Math.min(rows, begin + size);
      const name = `${family}t${begin}`;
      const slice = (from: string, to: string): string => {
        if (end - begin === rows) return from;
        emit('Slice', [from, ints([begin]), ints([end]), ints([0])], to);
        return to;
      };
      emit('Reshape', [slice(aKey!, `${name}i`), ints([-1, 1])], `${name}r`);
      emit('Equal', [`${name}r`, bKey!], `${name}e`);
      emit('Cast', [`${name}e`], `${name}c`, { to: float32 });
      emit(
        'Gemm',
        [slice(`${family}a`, `${name}a`), `${family}b`, `${name}c`],
        `${name}l`,
        { transB: 1 },
        { beta: -1e9 },
      );
      emit('Softmax', [`${name}l`], `${name}p`, { axis: -1 });
      made.push({ logits: `${name}l`, softmax: `${name}p`, slice });
    }
    tilesOf.set(key, made);
    return made;
  };
  /** One output from its tiles' rows. */
  const stack = (parts: string[], out: string) =>
    parts.length === 1 ? emit('Identity', parts, out) : emit('Concat', parts, out, { axis: 0 });

  const layout = new ParamVector(graph);
  for (const node of graph.nodes) {
    if (!live.has(node) || node.op === 'input') continue;
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
      case 'logSumExpDot': {
        const parts = tiles(node).map(({ logits, softmax }) => {
          // The largest term's softmax is 1 / Σ e^(term − largest): at least 1 / n, so its logarithm is exact.
          emit('ReduceMax', [logits, ints([-1])], `${logits}m`, { keepdims: 0 });
          emit('ReduceMax', [softmax, ints([-1])], `${softmax}m`, { keepdims: 0 });
          emit('Log', [`${softmax}m`], `${softmax}g`);
          emit('Sub', [`${logits}m`, `${softmax}g`], `${logits}s`);
          return `${logits}s`;
        });
        stack(parts, out);
        break;
      }
      case 'softmaxDot': {
        const parts = tiles(node).map(({ softmax }, i) => {
          emit('Gemm', [softmax, inputs[5]!], `${out}v${i}`);
          return `${out}v${i}`;
        });
        stack(parts, out);
        break;
      }
      case 'softmaxDotTransposed': {
        // Each tile's product is added to those before it.
        const last = tiles(node).reduce<string | undefined>((sum, { softmax, slice }, i) => {
          const w = slice(inputs[5]!, `${out}w${i}`);
          emit('Gemm', sum ? [softmax, w, sum] : [softmax, w], `${out}s${i}`, { transA: 1 });
          return `${out}s${i}`;
        }, undefined);
        emit('Identity', [last!], out);
        break;
      }
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
