import { Message } from './protobuf.ts';

/** Field numbers of onnx.proto3, by message: the one place that knows them. */
const model = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 } as const;
const operatorSet = { domain: 1, version: 2 } as const;
const graph = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const node = { input: 1, output: 2, operator: 4, attribute: 5 } as const;
const attribute = { name: 1, float: 2, int: 3, graph: 6, ints: 8, type: 20 } as const;
const attributeType = { float: 1, int: 2, graph: 5, ints: 7 } as const;
const tensor = { dims: 1, dataType: 2, name: 8, rawData: 9 } as const;
const valueInfo = { name: 1, type: 2 } as const;
const valueType = { tensor: 1 } as const;
const tensorType = { elementType: 1, shape: 2 } as const;
const tensorShape = { dimension: 1 } as const;
const dimension = { value: 1, parameter: 2 } as const;

/** TensorProto.DataType: what elements are. */
export const dataType = { float32: 1, int64: 7 } as const;
type DataType = (typeof dataType)[keyof typeof dataType];

/** An axis's length, or the name of one that is free. */
export type Axis = number | string;

/** Attributes of a node: whole numbers and lists of them. */
export type Attributes = Record<string, number | readonly number[]>;

/** A GraphProto as it grows. What a method makes is known by the name that it returns. */
export class GraphMessage {
  #message = new Message();
  #constants: { count: number };

  /**
   * @param parent The graph whose node runs this one: it may use the parent's values, so that no name may be used
   * twice.
   */
  constructor(parent?: GraphMessage) {
    this.#constants = parent ? parent.#constants : { count: 0 };
  }

  /** A name that no other value of the file has. */
  unique(word: string): string {
    return `${word}_${this.#constants.count++}`;
  }

  constant(name: string, type: DataType, shape: readonly number[], raw: Uint8Array): string {
    const proto = new Message()
      .each(shape, (m, length) => m.int(tensor.dims, length))
      .int(tensor.dataType, type)
      .text(tensor.name, name)
      .bytes(tensor.rawData, raw);
    this.#message.message(graph.initializer, proto);
    return name;
  }

  floats(name: string, shape: readonly number[], { buffer, byteOffset, byteLength }: Float32Array): string {
    return this.constant(name, dataType.float32, shape, new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
  }

  /** A list of whole numbers, as nodes take shapes and axes. */
  ints(values: readonly number[]): string {
    const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.constant(this.unique('ints'), dataType.int64, [values.length], raw);
  }

  scalar(value: number): string {
    return this.floats(this.unique('scalar'), [], Float32Array.of(value));
  }

  /** @returns `output` */
  node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Attributes = {},
    floats: Record<string, number> = {},
  ): string {
    const proto = new Message()
      .each(inputs, (m, name) => m.text(node.input, name))
      .text(node.output, output)
      .text(node.operator, operator)
      .each(Object.entries(attributes), (m, [name, value]) => m.message(node.attribute, intAttribute(name, value)))
      .each(Object.entries(floats), (m, [name, value]) => m.message(node.attribute, floatAttribute(name, value)));
    this.#message.message(graph.node, proto);
    return output;
  }

  /**
   * A Scan: runs `body` once for each row of its last `rows` inputs. The inputs before are the values that one row
   * hands to the next, and so are as many of the outputs, the others being the rows that `body` made.
   *
   * @returns `outputs`
   */
  scan(inputs: readonly string[], outputs: readonly string[], body: GraphMessage, rows: number): readonly string[] {
    const proto = new Message()
      .each(inputs, (m, name) => m.text(node.input, name))
      .each(outputs, (m, name) => m.text(node.output, name))
      .text(node.operator, 'Scan')
      .message(
        node.attribute,
        new Message()
          .text(attribute.name, 'body')
          .message(attribute.graph, body.#message)
          .int(attribute.type, attributeType.graph),
      )
      .message(node.attribute, intAttribute('num_scan_inputs', rows));
    this.#message.message(graph.node, proto);
    return outputs;
  }

  input(name: string, shape: readonly Axis[]): string {
    this.#message.message(graph.input, described(name, shape));
    return name;
  }

  output(name: string, shape: readonly Axis[]): void {
    this.#message.message(graph.output, described(name, shape));
  }

  named(name: string): this {
    this.#message.text(graph.name, name);
    return this;
  }

  /** The whole file: IR 8, opset 18. */
  finish(): Uint8Array {
    const operators = new Message().text(operatorSet.domain, '').int(operatorSet.version, 18);
    return new Message()
      .int(model.irVersion, 8)
      .text(model.producerName, 'duet')
      .message(model.graph, this.#message)
      .message(model.opsetImport, operators)
      .finish();
  }
}

function intAttribute(name: string, value: number | readonly number[]): Message {
  const proto = new Message().text(attribute.name, name);
  return typeof value === 'number'
    ? proto.int(attribute.int, value).int(attribute.type, attributeType.int)
    : proto.each(value, (m, n) => m.int(attribute.ints, n)).int(attribute.type, attributeType.ints);
}

const floatAttribute = (name: string, value: number): Message =>
  new Message().text(attribute.name, name).float(attribute.float, value).int(attribute.type, attributeType.float);

/** A ValueInfoProto of float32. */
function described(name: string, shape: readonly Axis[]): Message {
  const axes = new Message().each(shape, (m, axis) =>
    m.message(
      tensorShape.dimension,
      typeof axis === 'number'
        ? new Message().int(dimension.value, axis)
        : new Message().text(dimension.parameter, axis),
    ),
  );
  const type = new Message().int(tensorType.elementType, dataType.float32).message(tensorType.shape, axes);
  return new Message()
    .text(valueInfo.name, name)
    .message(valueInfo.type, new Message().message(valueType.tensor, type));
}
