import { ColumnFacts } from './column-facts.ts';

/** FNV-1a of 32 bits: what a hash begins as, and what each byte of the text is multiplied by. */
export const hashStart = 0x811c9dc5 | 0;
export const hashPrime = 0x01000193;

/** Integers of a slot: number + 1, hash, where its text begins, and its length. A cache line holds four slots. */
const slotSize = 4;

/** Numbers the texts of a column from 0, in the order in which they come, so that a row holds an integer for each. */
export class Dictionary {
  #slots = new Int32Array(slotSize << 11);
  #starts = new Int32Array(1 << 10);
  #bytes = Buffer.allocUnsafe(1 << 16);
  #end = 0;
  size = 0;
  /** What the texts are like. */
  readonly facts = new ColumnFacts();
  readonly #most: number;

  /** @param most Texts with which it is full. */
  constructor(most: number) {
    this.#most = most;
  }

  get isFull(): boolean {
    return this.size >= this.#most;
  }

  /**
   * The number of the text that lies in `bytes` from `start` to `end`.
   *
   * @param hash FNV-1a of it
   * @param bits kinds of its bytes
   */
  numberOf(bytes: Buffer, start: number, end: number, hash: number, bits: number): number {
    const slots = this.#slots;
    const stored = this.#bytes;
    const length = end - start;
    const last = slots.length - slotSize;
    let slot = ((hash ^ (hash >>> 15)) * slotSize) & last;
    for (; slots[slot] !== 0; slot = (slot + slotSize) & last) {
      if (slots[slot + 1] !== hash || slots[slot + 3] !== length) continue;
      const from = slots[slot + 2]!;
      let at = 0;
      while (at < length && stored[from + at] === bytes[start + at]) at++;
      if (at === length) return slots[slot]! - 1;
    }
    this.facts.add(bytes, start, end, bits);
    slots[slot] = this.size + 1;
    slots[slot + 1] = hash;
    slots[slot + 2] = this.#end;
    slots[slot + 3] = length;
    return this.#add(bytes, start, end);
  }

  #add(bytes: Buffer, start: number, end: number): number {
    const number = this.size++;
    const to = this.#end + end - start;
    if (number === this.#starts.length) {
      const larger = new Int32Array(2 * number);
      larger.set(this.#starts);
      this.#starts = larger;
    }
    if (to > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * to);
      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, this.#end, start, end);
    this.#starts[number] = this.#end;
    this.#end = to;
    if (2 * slotSize * this.size > this.#slots.length) this.#spread();
    return number;
  }

  /** Gives the slots more room. */
  #spread(): void {
    const before = this.#slots;
    const slots = new Int32Array(4 * before.length);
    const last = slots.length - slotSize;
    for (let at = 0; at < before.length; at += slotSize) {
      if (before[at] === 0) continue;
      const hash = before[at + 1]!;
      let slot = ((hash ^ (hash >>> 15)) * slotSize) & last;
      while (slots[slot] !== 0) slot = (slot + slotSize) & last;
      for (let i = 0; i < slotSize; i++) slots[slot + i] = before[at + i]!;
    }
    this.#slots = slots;
  }

  /** The text of a number. */
  textOf(number: number): string {
    const end = number === this.size - 1 ? this.#end : this.#starts[number + 1];
    return this.#bytes.toString('utf8', this.#starts[number], end);
  }
}
