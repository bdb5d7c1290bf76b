import type { Tensor } from '../graph/graph.ts';
import type { GraphMessage } from './onnx-message.ts';
import { type SampledSoftmax, writeSampledSoftmax } from './onnx-softmax.ts';

/** A graph's value by its name in the file: a word that says what it is. */
export const valueName = (tensor: Tensor): string => tensor.name ?? `${tensor.op}_${tensor.id}`;

/** A file under way. */
export interface Emission {
  message: GraphMessage;
  /** d loss / d each sampled softmax that is made in one go with its gradients. */
  gradientOf: ReadonlyMap<Tensor, Tensor>;
  /** Sampled softmaxes that are in the file, by the names of what they read: loss and gradients share one. */
  softmaxes: Map<string, SampledSoftmax>;
  /** Whether the first axis of every tensor is free. */
  freeRows: boolean;
  /** Puts a parameter into the file under this name. */
  param(node: Tensor, name: string): string;
}

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

/** Puts a node of the graph into the file; what it reads is there. An input needs none. */
export function emitNode(emission: Emission, node: Tensor): void {
  const { message } = emission;
  const out = valueName(node);
  const inputs = node.inputs.map(valueName);
  const [a, b] = inputs as [string, string];
  switch (node.op) {
    case 'input':
      break;
    case 'param':
      emission.param(node, out);
      break;
    case 'constant':
      message.floats(out, node.shape, node.values!);
      break;
    case 'dense':
      if (node.activation === 'relu') message.node('Relu', [message.node('Gemm', inputs, `${out}_linear`)], out);
      else message.node('Gemm', inputs, out);
      break;
    case 'matmul':
      emitProduct(message, node, out);
      break;
    case 'square':
      message.node('Mul', [a, a], out);
      break;
    case 'positivePart': {
      const zero = message.scalar(0);
      message.node('Where', [message.node('Greater', [b, zero], `${out}_is_positive`), a, zero], out);
      break;
    }
    case 'softmax':
      message.node('Softmax', [a], out, { axis: -1 });
      break;
    case 'sampledSoftmax':
      message.node('Identity', [softmaxOf(emission, node.inputs, emission.gradientOf.get(node)).loss], out);
      break;
    case 'sampledSoftmaxGradient':
      message.node('Identity', [softmaxOf(emission, node.inputs.slice(0, 6), node.inputs[6]!)[node.of!]], out);
      break;
    case 'sum':
      message.node('ReduceSum', [a, message.ints(node.axes!)], out, { keepdims: Number(node.keepDims ?? false) });
      break;
    case 'reshape':
      message.node('Reshape', [a, message.ints(emission.freeRows ? node.shape.with(0, -1) : node.shape)], out);
      break;
    case 'concat':
      message.node('Concat', inputs, out, { axis: node.axes![0]! });
      break;
    case 'slice':
      emitSlice(message, node, out);
      break;
    case 'broadcast':
      message.node('Expand', [a, message.ints(node.shape)], out);
      break;
    case 'pad': {
      const ends = node.begin!.map((from, axis) => node.shape[axis]! - from - node.inputs[0]!.shape[axis]!);
      message.node('Pad', [a, message.ints([...node.begin!, ...ends])], out);
      break;
    }
    default:
      message.node(elementwise[node.op]!, inputs, out);
  }
}

function emitProduct(message: GraphMessage, { inputs, shape, transposeA, transposeB }: Tensor, out: string): void {
  const [a, b] = inputs.map(valueName) as [string, string];
  if (shape.length === 2) {
    message.node('Gemm', [a, b], out, { transA: Number(transposeA), transB: Number(transposeB) });
    return;
  }
  const transposed = (from: string, side: string) =>
    message.node('Transpose', [from], `${out}_transposed_${side}`, { perm: [0, 2, 1] });
  message.node('MatMul', [transposeA ? transposed(a, 'a') : a, transposeB ? transposed(b, 'b') : b], out);
}

/** Cuts only the axes that are shortened: the others may be free. */
function emitSlice(message: GraphMessage, { inputs, shape, begin }: Tensor, out: string): void {
  const [whole] = inputs as [Tensor];
  const axes = [...shape.keys()].filter((axis) => shape[axis] !== whole.shape[axis]);
  const begins = axes.map((axis) => begin![axis]!);
  const ends = axes.map((axis) => begin![axis]! + shape[axis]!);
  const a = valueName(whole);
  if (axes.length === 0) message.node('Identity', [a], out);
  else message.node('Slice', [a, message.ints(begins), message.ints(ends), message.ints(axes)], out);
}

/** Made once for the loss and all gradients. */
function softmaxOf(emission: Emission, terms: readonly Tensor[], dy: Tensor | undefined): SampledSoftmax {
  const key = [...terms, ...(dy ? [dy] : [])].map(valueName).join();
  const known = emission.softmaxes.get(key);
  if (known) return known;
  const [a, b, bias, aKey, bKey, own] = terms.map(valueName) as [string, string, string, string, string, string];
  const [rows, dims] = terms[0]!.shape as [number, number];
  const columns = terms[1]!.shape[0]!;
  const made = writeSampledSoftmax(emission.message, {
    ...{ a, b, bias, aKey, bKey, own },
    dy: dy && valueName(dy),
    ...{ rows, dims, columns },
  });
  emission.softmaxes.set(key, made);
  return made;
}
