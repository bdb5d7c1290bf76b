import { csvCell } from '@duet/datasets';
import type { BulkFormat, BulkKind } from './bulk-order.ts';
import type { BulkLists } from './collected.ts';
import type { BulkMaker } from './everybody.ts';

export const columnsOf = (of: BulkKind): readonly [string, ...string[]] =>
  of === 'users'
    ? ['user_id', 'rank', 'item_id', 'score', 'source']
    : ['item_id', 'rank', 'similar_item_id', 'score', 'source'];

/** Digits of a score that are written: a Float32 has some seven. */
const significant = 6;
const powers = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** Bytes of text that grow as they are written, in the same memory for one text after the other. */
class Bytes {
  #bytes = Buffer.allocUnsafe(1 << 20);
  #length = 0;

  /** What was written, which holds until more is. */
  take(): Buffer {
    const text = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return text;
  }

  /** Makes room for some bytes. */
  reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** Writes bytes for which there is room. */
  copy(from: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes;
    let length = this.#length;
    for (let at = start; at < end; at++) bytes[length++] = from[at]!;
    this.#length = length;
  }

  /** Writes a whole number ≥ 0 with at least so many digits. */
  whole(value: number, fewest = 1): void {
    let digits = fewest;
    while (digits < 16 && value >= powers[digits]!) digits++;
    let rest = value;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const tens = Math.floor(rest / 10);
      this.#bytes[at] = 48 + rest - 10 * tens;
      rest = tens;
    }
    this.#length += digits;
  }

  text(text: string): void {
    this.reserve(3 * text.length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** A score with six digits, as JSON and CSV have it. */
  score(score: number): void {
    const size = Math.abs(score);
    // As an integer of at most six digits over a power of ten; others are written as JavaScript does.
    if (!(size >= 1e-12 && size < 1e5)) {
      this.text(String(Number(score.toPrecision(significant))));
      return;
    }
    if (score < 0) this.#bytes[this.#length++] = minus;
    let exponent = significant;
    while (size * powers[exponent]! < 1e5) exponent++;
    while (size * powers[exponent]! >= 1e6) exponent--;
    let digits = Math.round(size * powers[exponent]!);
    while (exponent > 0 && digits % 10 === 0) {
      digits /= 10;
      exponent--;
    }
    const unit = powers[exponent]!;
    const before = Math.floor(digits / unit);
    this.whole(before);
    if (exponent === 0) return;
    this.#bytes[this.#length++] = point;
    this.whole(digits - before * unit, exponent);
  }
}

const [minus, point] = [45, 46];

/** The names of all items in the form that a file has them in, one after the other. */
function namesOf(itemIds: readonly string[], form: (id: string) => string) {
  const bytes = Buffer.from(itemIds.map(form).join(''));
  const start = new Int32Array(itemIds.length + 1);
  itemIds.forEach((id, row) => {
    start[row + 1] = start[row]! + Buffer.byteLength(form(id));
  });
  const longest = start.reduce((most, from, row) => Math.max(most, from - (start[row - 1] ?? 0)), 0);
  return { bytes, start, longest, count: itemIds.length };
}

/**
 * Writes lists as text, in UTF-8: as CSV (which Parquet is made of) a row an item of a list, as JSON lines a line a
 * list. No string is made of a row, and what is written holds until more is.
 */
export function textWriter(
  { itemIds }: Pick<BulkMaker, 'itemIds'>,
  of: BulkKind,
  format: BulkFormat,
): (lists: BulkLists) => Buffer {
  const isJson = format === 'jsonl';
  const form: (id: string) => string = isJson ? JSON.stringify : csvCell;
  let names = namesOf(itemIds, form);
  const bytes = new Bytes();
  const ascii = (text: string) => Buffer.from(text);
  const [comma, item, score, end] = [',', '{"itemId":', ',"score":', '}'].map(ascii) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const put = (text: Buffer) => bytes.copy(text, 0, text.length);
  const name = (row: number) => bytes.copy(names.bytes, names.start[row]!, names.start[row + 1]!);
  const asJson = (id: string, source: string, { items, scores }: BulkLists, from: number, to: number) => {
    bytes.text(`{"${of === 'users' ? 'userId' : 'itemId'}":${form(id)},"source":"${source}","items":[`);
    bytes.reserve((to - from) * (names.longest + 64) + 8);
    for (let at = from; at < to; at++) {
      if (at > from) put(comma);
      put(item);
      name(items[at]!);
      put(score);
      bytes.score(scores[at]!);
      put(end);
    }
    bytes.text(']}\n');
  };
  const asCsv = (id: string, source: string, { items, scores }: BulkLists, from: number, to: number) => {
    const [first, last] = [ascii(`${form(id)},`), ascii(`,${source}\r\n`)];
    bytes.reserve((to - from) * (names.longest + first.length + last.length + 64));
    for (let at = from; at < to; at++) {
      put(first);
      bytes.whole(at - from + 1);
      put(comma);
      name(items[at]!);
      put(comma);
      bytes.score(scores[at]!);
      put(last);
    }
  };
  const write = isJson ? asJson : asCsv;
  return (lists) => {
    // Items join the catalogue while a run goes on.
    if (itemIds.length > names.count) names = namesOf(itemIds, form);
    lists.ids.forEach((id, list) => {
      write(id, lists.sources[list]!, lists, lists.start[list]!, lists.start[list + 1]!);
    });
    return bytes.take();
  };
}
