/** Protocol buffers' wire format, as far as ONNX files need it (protobuf.dev, "Encoding"). */
export class Message {
  #parts: Uint8Array[] = [];

  #varint(value: number): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
      const low = Number(rest & 127n);
      rest >>= 7n;
      bytes.push(rest > 0n ? low | 128 : low);
    } while (rest > 0n);
    this.#parts.push(Uint8Array.from(bytes));
  }

  int(field: number, value: number): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.length);
    this.#parts.push(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((field << 3) | 5);
    this.#parts.push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  text = (field: number, value: string): this => this.bytes(field, Buffer.from(value));
  message = (field: number, value: Message): this => this.bytes(field, value.finish());

  each<T>(values: Iterable<T>, add: (message: this, value: T) => void): this {
    for (const value of values) add(this, value);
    return this;
  }

  finish = (): Uint8Array => Buffer.concat(this.#parts);
}

// Field numbers are those of onnx.proto3.
export const float32 = 1;
export const int64 = 7;

export function tensorProto(name: string, type: number, dims: readonly number[], raw: Uint8Array): Message {
  return new Message()
    .each(dims, (m, n) => m.int(1, n))
    .int(2, type)
    .text(8, name)
    .bytes(9, raw);
}

export function valueInfo(name: string, shape: readonly (number | string)[]): Message {
  const dims = new Message().each(shape, (m, n) =>
    m.message(1, typeof n === 'number' ? new Message().int(1, n) : new Message().text(2, n)),
  );
  return new Message()
    .text(1, name)
    .message(2, new Message().message(1, new Message().int(1, float32).message(2, dims)));
}

export type Attributes = Record<string, number | readonly number[]>;

/**
 * A Scan: runs `body`, a GraphProto, once for each row of its last `rows` inputs. The inputs before are the values that one row
 * hands to the next, and so are as many of the outputs, the others being the rows that `body` made.
 */
export const scanProto = (inputs: string[], outputs: string[], body: Message, rows: number): Message =>
  new Message()
    .each(inputs, (m, name) => m.text(1, name))
    .each(outputs, (m, name) => m.text(2, name))
    .text(4, 'Scan')
    .message(5, new Message().text(1, 'body').message(6, body).int(20, 5))
    .message(5, new Message().text(1, 'num_scan_inputs').int(3, rows).int(20, 2));

export function nodeProto(
  type: string,
  inputs: string[],
  output: string,
  attributes: Attributes = {},
  floats: Record<string, number> = {},
): Message {
  const floatAttribute = 1;
  const intAttribute = 2;
  const intsAttribute = 7;
  return new Message()
    .each(inputs, (m, name) => m.text(1, name))
    .text(2, output)
    .text(4, type)
    .each(Object.entries(attributes), (m, [name, value]) =>
      m.message(
        5,
        typeof value === 'number'
          ? new Message().text(1, name).int(3, value).int(20, intAttribute)
          : new Message()
              .text(1, name)
              .each(value, (list, n) => list.int(8, n))
              .int(20, intsAttribute),
      ),
    )
    .each(Object.entries(floats), (m, [name, value]) =>
      m.message(5, new Message().text(1, name).float(2, value).int(20, floatAttribute)),
    );
}
