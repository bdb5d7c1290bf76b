/** A zeroed float array that other threads can see. */
export const sharedFloats = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * length));

/** A copy that other threads can see: handed to a worker, it is the same memory there. */
export function shared<T extends Int32Array | Float32Array>(values: T): T {
  const kind = values.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new kind(new SharedArrayBuffer(values.byteLength));
  copy.set(values as never);
  return copy;
}
