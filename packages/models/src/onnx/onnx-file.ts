import type { Values } from '../graph/executor.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { ParamVector } from '../graph/params.ts';
import { GraphMessage } from './onnx-message.ts';
import { type Emission, emitNode, valueName } from './onnx-nodes.ts';

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

/**
 * d loss / d a sampled softmax, where its gradients are wanted and that does not depend on its value: both are made in
 * one go.
 */
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
  const live = new Set<Tensor>(outputs.values());
  for (const node of [...graph.nodes].reverse()) if (live.has(node)) for (const input of node.inputs) live.add(input);
  const message = new GraphMessage();
  const gradientOf = fusedGradients(graph, live);
  const layout = new ParamVector(graph);
  const emission: Emission = {
    message,
    gradientOf,
    softmaxes: new Map(),
    freeRows: plain !== undefined,
    param(node, name) {
      if (plain) return message.floats(name, node.shape, plain.params[node.name!]!);
      const { begin, end } = layout.places.get(node.name!)!;
      const values = message.node('Slice', [paramsInput, message.ints([begin]), message.ints([end])], `${name}_values`);
      return message.node('Reshape', [values, message.ints(node.shape)], name);
    },
  };
  for (const node of inOrder(graph, live, gradientOf)) emitNode(emission, node);

  const shapeOf = ({ shape }: Tensor) => (plain ? ['batch', ...shape.slice(1)] : shape);
  const inputs = graph.inputs.filter((node) => live.has(node) && node.name !== paramsInput);
  for (const input of inputs) message.input(input.name!, shapeOf(input));
  if (layout.length > 0 && !plain) message.input(paramsInput, [layout.length]);
  for (const [name, tensor] of outputs) {
    const output = plain ? name : outputName(name);
    message.node('Identity', [valueName(tensor)], output);
    message.output(output, shapeOf(tensor));
  }
  return message.named('duet').finish();
}
