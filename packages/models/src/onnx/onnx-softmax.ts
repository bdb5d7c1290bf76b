import { type Attributes, dataType, GraphMessage } from './onnx-message.ts';

/** What a sampled softmax reads, by its value's name in the file, and its sizes. */
export interface SoftmaxTerms {
  /** [rows, dims] */
  a: string;
  /** [columns, dims] */
  b: string;
  /** [columns] is added to each row's dot products. */
  bias: string;
  /** [rows] and [columns]: a column whose key is the row's own is left out. */
  aKey: string;
  bKey: string;
  /** [rows] the logit of each row's positive. */
  own: string;
  /** [rows] d loss / d the softmax's value, where its gradients are wanted. */
  dy: string | undefined;
  rows: number;
  dims: number;
  columns: number;
}

/** Names of what a sampled softmax makes: the loss of each row, and its gradients, which without dy are not there. */
export interface SampledSoftmax {
  loss: string;
  a: string;
  b: string;
  own: string;
}

/** Elements of a tile of dot products: 4 MB, which the second or third level of cache holds. */
const tileElements = 2 ** 20;

/** Rows in a tile: of the divisors of all, the greatest that keeps a tile small. */
function tileRows(rows: number, columns: number): number {
  for (let tiles = Math.max(1, Math.ceil((rows * columns) / tileElements)); tiles < rows; tiles++) {
    if (rows % tiles === 0) return rows / tiles;
  }
  return 1;
}

/** What all tiles read. */
interface Whole {
  b: string;
  bKey: string;
  /** [columns, dims + 1]: b with the bias as one more column, which a column of ones meets. */
  biased: string;
  /** Shapes and axes as nodes take them. */
  column: string;
  across: string;
  withGradients: boolean;
}

/** What one tile reads of its own rows. */
interface TileTerms {
  a: string;
  /** [rows, dims + 1]: a with a column of ones. */
  withOnes: string;
  aKey: string;
  own: string;
  dy: string;
  /** [columns, dims] d loss / d b of the tiles before. */
  sum?: string;
}

/** The softmax of some rows, into a graph of their own or the whole's. */
function tile(into: GraphMessage, whole: Whole, rows: TileTerms, name: string): SampledSoftmax {
  const add = (
    operator: string,
    inputs: string[],
    word: string,
    attributes?: Attributes,
    floats?: Record<string, number>,
  ) => into.node(operator, inputs, `${name}/${word}`, attributes, floats);

  const key = add('Reshape', [rows.aKey, whole.column], 'key_column');
  const same = add('Cast', [add('Equal', [key, whole.bKey], 'is_own_key')], 'own_key', { to: dataType.float32 });
  const logits = add('Gemm', [rows.withOnes, whole.biased, same], 'logits', { transB: 1 }, { beta: -1e9 });
  const softmax = add('Softmax', [logits], 'softmax', { axis: -1 });
  // The largest term's softmax is 1 / Σ e^(term − largest): at least 1 / n, so its logarithm is exact.
  const largest = add('ReduceMax', [logits, whole.across], 'largest', { keepdims: 0 });
  const likeliest = add('ReduceMax', [softmax, whole.across], 'likeliest', { keepdims: 0 });
  const logSum = add('Sub', [largest, add('Log', [likeliest], 'log_likeliest')], 'log_sum');
  const gap = add('Sub', [logSum, rows.own], 'gap');
  const loss = add('Softplus', [gap], 'loss');
  if (!whole.withGradients) return { loss, a: '', b: '', own: '' };
  const slope = add('Mul', [add('Sigmoid', [gap], 'sigmoid'), rows.dy], 'slope');
  const slopes = add('Reshape', [slope, whole.column], 'slope_column');
  const sloped = add('Mul', [rows.a, slopes], 'sloped_a');
  return {
    loss,
    a: add('Mul', [add('Gemm', [softmax, whole.b], 'mean_b'), slopes], 'gradient_a'),
    b: add('Gemm', [softmax, sloped, ...(rows.sum ? [rows.sum] : [])], 'gradient_b', { transA: 1 }),
    own: add('Neg', [slope], 'gradient_own'),
  };
}

/**
 * A sampled softmax and, given dy, its gradients: forward and backward of some rows before the next ones, so that what
 * one tile makes stays in the cache and is never whole in memory.
 */
export function writeSampledSoftmax(graph: GraphMessage, terms: SoftmaxTerms): SampledSoftmax {
  const { a, b, bias, aKey, bKey, own, dy = '', rows, dims, columns } = terms;
  const name = graph.unique('sampled_softmax');
  const ones = graph.floats(`${name}/ones`, [rows, 1], new Float32Array(rows).fill(1));
  const withOnes = graph.node('Concat', [a, ones], `${name}/a_and_ones`, { axis: 1 });
  const biasColumn = graph.node('Reshape', [bias, graph.ints([columns, 1])], `${name}/bias_column`);
  const biased = graph.node('Concat', [b, biasColumn], `${name}/b_and_bias`, { axis: 1 });
  const column = graph.ints([-1, 1]);
  const across = graph.ints([-1]);
  const whole = { b, bKey, biased, column, across, withGradients: terms.dy !== undefined };
  const all: TileTerms = { a, withOnes, aKey, own, dy };
  const size = tileRows(rows, columns);
  return size === rows
    ? tile(graph, whole, all, name)
    : inTiles(graph, whole, all, { name, size, tiles: rows / size, dims, columns });
}

interface Tiling {
  name: string;
  /** Rows of a tile. */
  size: number;
  tiles: number;
  dims: number;
  columns: number;
}

/** One tile after the other, as a Scan, which adds up what they say of b. */
function inTiles(
  graph: GraphMessage,
  whole: Whole,
  all: TileTerms,
  { name, size, tiles, dims, columns }: Tiling,
): SampledSoftmax {
  const { withGradients } = whole;
  const shapes: [keyof Omit<TileTerms, 'sum'>, number[]][] = [
    ['a', [size, dims]],
    ['withOnes', [size, dims + 1]],
    ['aKey', [size]],
    ['own', [size]],
    ...(withGradients ? ([['dy', [size]]] as [keyof TileTerms & 'dy', number[]][]) : []),
  ];
  const body = new GraphMessage(graph);
  const inner = `${name}/tile`;
  const rows: TileTerms = { a: '', withOnes: '', aKey: '', own: '', dy: '' };
  for (const [term] of shapes) rows[term] = `${inner}/${term}`;
  if (withGradients) rows.sum = `${inner}/sum`;
  const made = tile(body, whole, rows, inner);
  body.named(inner);
  if (rows.sum) body.input(rows.sum, [columns, dims]);
  for (const [term, shape] of shapes) body.input(rows[term], shape);
  if (withGradients) body.output(made.b, [columns, dims]);
  body.output(made.loss, [size]);
  if (withGradients) {
    body.output(made.a, [size, dims]);
    body.output(made.own, [size]);
  }

  const stacked = shapes.map(([term, shape]) =>
    graph.node('Reshape', [all[term], graph.ints([tiles, ...shape])], `${name}/stacked_${term}`),
  );
  const flat = (stack: string, shape: number[]) => graph.node('Reshape', [stack, graph.ints(shape)], `${stack}_flat`);
  if (!withGradients) {
    const [loss] = graph.scan(stacked, [`${name}/losses`], body, stacked.length);
    return { loss: flat(loss!, [tiles * size]), a: '', b: '', own: '' };
  }
  const zeros = graph.node('ConstantOfShape', [graph.ints([columns, dims])], `${name}/zeros`);
  const results = ['gradient_b', 'losses', 'gradients_a', 'gradients_own'].map((word) => `${name}/${word}`);
  const [b, losses, a, own] = graph.scan([zeros, ...stacked], results, body, stacked.length) as string[];
  return {
    b: b!,
    loss: flat(losses!, [tiles * size]),
    a: flat(a!, [tiles * size, dims]),
    own: flat(own!, [tiles * size]),
  };
}
