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
