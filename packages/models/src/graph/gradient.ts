import { DuetError } from '@duet/base';
import type { Graph, Shape, Tensor } from './graph.ts';

/** Sums out the axes along which `shape` was broadcast to become `gradient`'s. */
function unbroadcast(g: Graph, gradient: Tensor, shape: Shape): Tensor {
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((n, axis) => (axis < lead || (shape[axis - lead] === 1 && n > 1) ? [axis] : []));
  return axes.length === 0 ? gradient : g.reshape(g.sum(gradient, axes), shape);
}

/** d loss / d each input of `node`, given d loss / d node; undefined where nothing flows. */
function backward(g: Graph, node: Tensor, dy: Tensor): (Tensor | undefined)[] {
  const [a, b] = node.inputs as [Tensor, Tensor];
  switch (node.op) {
    case 'dense': {
      const dz = node.activation === 'relu' ? g.positivePart(dy, node) : dy;
      return [g.matmul(dz, b, { transposeB: true }), g.matmul(a, dz, { transposeA: true }), g.sum(dz, [0])];
    }
    case 'matmul': {
      if (node.transposeA && node.transposeB) throw new DuetError('internal', 'aᵀ·bᵀ has no gradient yet.');
      if (node.transposeA) return [g.matmul(b, dy, { transposeB: true }), g.matmul(a, dy)];
      return node.transposeB
        ? [g.matmul(dy, b), g.matmul(dy, a, { transposeA: true })]
        : [g.matmul(dy, b, { transposeB: true }), g.matmul(a, dy, { transposeA: true })];
    }
    case 'add':
      return [unbroadcast(g, dy, a.shape), unbroadcast(g, dy, b.shape)];
    case 'sub':
      return [unbroadcast(g, dy, a.shape), unbroadcast(g, g.neg(dy), b.shape)];
    case 'mul':
      return [unbroadcast(g, g.mul(dy, b), a.shape), unbroadcast(g, g.mul(dy, a), b.shape)];
    case 'div':
      return [unbroadcast(g, g.div(dy, b), a.shape), unbroadcast(g, g.neg(g.div(g.mul(dy, node), b)), b.shape)];
    case 'neg':
      return [g.neg(dy)];
    case 'exp':
      return [g.mul(dy, node)];
    case 'log':
      return [g.div(dy, a)];
    case 'sqrt':
      return [g.div(g.scale(dy, 0.5), node)];
    case 'square':
      return [g.mul(g.scale(dy, 2), a)];
    case 'relu':
      return [g.positivePart(dy, node)];
    case 'sigmoid':
      return [g.mul(dy, g.mul(node, g.sub(g.constant(1), node)))];
    case 'softplus':
      return [g.mul(dy, g.sigmoid(a))];
    case 'softmax': {
      const last = node.shape.length - 1;
      return [g.mul(node, g.sub(dy, g.sum(g.mul(dy, node), [last], true)))];
    }
    case 'sampledSoftmax': {
      const of = (input: 'a' | 'b' | 'own') => g.sampledSoftmaxGradient(input, node, dy);
      return [of('a'), of('b'), undefined, undefined, undefined, of('own')];
    }
    case 'sum': {
      const keptShape = a.shape.map((n, axis) => (node.axes!.includes(axis) ? 1 : n));
      return [g.broadcast(g.reshape(dy, keptShape), a.shape)];
    }
    case 'reshape':
      return [g.reshape(dy, a.shape)];
    case 'concat': {
      const axis = node.axes![0]!;
      let from = 0;
      return node.inputs.map((input) => {
        const begin = input.shape.map((_, i) => (i === axis ? from : 0));
        from += input.shape[axis]!;
        return g.slice(dy, begin, input.shape);
      });
    }
    case 'slice':
      return [g.pad(dy, node.begin!, a.shape)];
    case 'pad':
      return [g.slice(dy, node.begin!, a.shape)];
    case 'broadcast':
      return [unbroadcast(g, dy, a.shape)];
    default:
      return [];
  }
}

/**
 * Reverse-mode differentiation: appends to `g` the nodes that compute d loss / d each of `wanted`, and returns them in
 * that order (undefined where the loss does not depend on it). Only what leads from a wanted tensor to the loss is
 * differentiated.
 */
export function gradients(g: Graph, loss: Tensor, targets: readonly Tensor[]): (Tensor | undefined)[] {
  const nodes = [...g.nodes];
  const needed = new Set<Tensor>(targets);
  for (const node of nodes) {
    if (node.op !== 'stopGradient' && node.inputs.some((input) => needed.has(input))) needed.add(node);
  }
  const flowing = new Map<Tensor, Tensor>([[loss, g.constant(1)]]);
  for (const node of nodes.reverse()) {
    const dy = flowing.get(node);
    if (dy === undefined || !needed.has(node) || node.inputs.length === 0) continue;
    backward(g, node, dy).forEach((gradient, i) => {
      const input = node.inputs[i]!;
      if (gradient === undefined || !needed.has(input)) return;
      const known = flowing.get(input);
      flowing.set(input, known ? g.add(known, gradient) : gradient);
    });
  }
  return targets.map((tensor) => flowing.get(tensor));
}
