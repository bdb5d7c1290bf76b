import { missingWords } from '../values/missing.ts';

/** What bytes of a field say of it, as bits. */
export const kinds = { digit: 1, dot: 2, minus: 4, blank: 8, other: 16, wide: 32 } as const;

const number = kinds.digit | kinds.dot | kinds.minus;
/** Digits of the longest number that is surely finite. */
const longestNumber = 300;
const [dot, minus, blank] = [0x2e, 0x2d, 0x20];

/** Of each first byte the lengths, as bits, of the words that say that there is no value. */
const missingLengths = new Uint32Array(256);
for (const word of missingWords) {
  for (const first of [word, word.toUpperCase()]) missingLengths[first.charCodeAt(0)]! |= 1 << word.length;
}
const missing = new Set<string>(missingWords);

/**
 * What all fields of a column are like. It is known once text has been copied, so that most columns need no look at
 * their rows by SQL.
 */
export class ColumnFacts {
  #kinds = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;
  #first = { least: 255, most: 0 };
  #isPlainNumber = true;
  #isClean = true;
  #hasEmpty = false;

  /** Takes a field that lies in `bytes` from `start` to `end`; `bits` are the kinds of its bytes. */
  add(bytes: Buffer, start: number, end: number, bits: number): void {
    const length = end - start;
    if (length === 0) {
      this.#hasEmpty = true;
      return;
    }
    const first = bytes[start]!;
    this.#kinds |= bits;
    if (length < this.#shortest) this.#shortest = length;
    if (length > this.#longest) this.#longest = length;
    if (first < this.#first.least) this.#first.least = first;
    if (first > this.#first.most) this.#first.most = first;
    if (bits !== kinds.digit && this.#isPlainNumber) this.#isPlainNumber = isNumber(bytes, start, end, bits);
    if (!this.#isClean) return;
    const isWord = length < 12 && (missingLengths[first]! & (1 << length)) !== 0;
    if (isWord && missing.has(bytes.toString('latin1', start, end).toLowerCase())) this.#isClean = false;
    if ((bits & kinds.blank) !== 0 && (first === blank || bytes[end - 1] === blank)) this.#isClean = false;
  }

  /** Whether no field has blanks around it, or a word for no value. */
  get isClean(): boolean {
    return this.#isClean;
  }
  /** Whether every field is ASCII. */
  get isAscii(): boolean {
    return (this.#kinds & kinds.wide) === 0;
  }
  /** Whether every field is a number with digits, a point and a minus before it at most. */
  get isPlainNumber(): boolean {
    return this.#isClean && this.#isPlainNumber && this.#longest <= longestNumber;
  }
  /** Whether no field is empty, or says that there is no value. */
  get isComplete(): boolean {
    return this.#isClean && !this.#hasEmpty;
  }
  /** Whether every field is empty. */
  get isEmpty(): boolean {
    return this.#longest === 0;
  }
  /** Whether no field has a minus. */
  get hasNoMinus(): boolean {
    return (this.#kinds & kinds.minus) === 0;
  }
  /** Units of a second, where every field is a Unix time in that unit; else undefined. */
  get unixUnit(): number | undefined {
    const isUniform = this.#kinds === kinds.digit && this.#shortest === this.#longest && this.#first.least > 0x30;
    // Beyond 6999999999 lies the year 2191.
    const isNear = this.#first.most < 0x37;
    return isUniform && isNear ? { 10: 1, 13: 1e3, 16: 1e6, 19: 1e9 }[this.#longest] : undefined;
  }
}

function isNumber(bytes: Buffer, start: number, end: number, bits: number): boolean {
  if ((bits & ~number) !== 0 || (bits & kinds.digit) === 0) return false;
  let dots = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] === dot && ++dots > 1) return false;
    if (bytes[at] === minus && at > start) return false;
  }
  return true;
}
