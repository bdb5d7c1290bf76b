import { isUtf8 } from 'node:buffer';
import { type ColumnFacts, kinds } from './column-facts.ts';
import type { Dialect } from './dialect.ts';
import { type RecordSink, us } from './sink.ts';

const lf = 0x0a;
const cr = 0x0d;
/** What ends a field or a run of plain bytes; all below are {@link kinds}. */
const [delimiter, newline, quote, never] = [64, 65, 66, 67];

/** What each byte is, in text of a dialect. */
function bytesOf({ delimiter: [separator], quotes }: Dialect): Uint8Array {
  const table = new Uint8Array(256).fill(kinds.other);
  table.fill(never, 0, 0x20);
  table.fill(kinds.wide, 0x80);
  table.fill(kinds.digit, 0x30, 0x3a);
  table[0x09] = kinds.other;
  table[0x20] = kinds.blank;
  table[0x2e] = kinds.dot;
  table[0x2d] = kinds.minus;
  if (quotes) table[0x22] = quote;
  table[lf] = newline;
  table[cr] = newline;
  table[separator!] = delimiter;
  return table;
}

/**
 * A copier of plain records: those without a quoted field, as nearly all are, with as many fields as there are columns.
 *
 * It returns where it stopped in `bytes` and how many lines it took: at a record that is not plain or not whole, or
 * where the sink is full.
 */
export function plainCopier(dialect: Dialect, columns: number) {
  const table = bytesOf(dialect);
  const fieldEnds = new Int32Array(columns);
  const fieldKinds = new Uint8Array(columns);
  return (
    bytes: Buffer,
    from: number,
    firstLine: number,
    { sink, facts }: { sink: RecordSink; facts: readonly ColumnFacts[] },
  ): { at: number; lines: number; hasWide: boolean } => {
    const stopped = { at: from, lines: 0, hasWide: false };
    const end = bytes.length;
    const out = sink.clean.bytes;
    while (stopped.at < end && !sink.clean.full) {
      const start = sink.begin(firstLine + stopped.lines);
      let at = stopped.at;
      let o = start;
      let field = 0;
      let bits = 0;
      let all = 0;
      let byte = never!;
      while (at < end) {
        const c = bytes[at++]!;
        byte = table[c]!;
        if (byte < delimiter!) {
          bits |= byte;
          out[o++] = c;
        } else if (byte === delimiter) {
          fieldEnds[field] = o;
          fieldKinds[field] = bits;
          all |= bits;
          bits = 0;
          out[o++] = us;
          if (++field >= columns) break;
        } else if (byte === quote && out[o - 1] !== us) {
          bits |= kinds.other;
          out[o++] = c;
          byte = kinds.other;
        } else break;
      }
      if (byte !== newline || field !== columns - 1 || o === start) return stopped;
      if (bytes[at - 1] === cr && bytes[at++] !== lf) return stopped;
      fieldEnds[field] = o;
      fieldKinds[field] = bits;
      if (((all | bits) & kinds.wide) !== 0) {
        if (!isUtf8(out.subarray(start, o))) return stopped;
        stopped.hasWide = true;
      }
      for (let i = 0, begin = start; i < columns; i++) {
        facts[i]!.add(out, begin, fieldEnds[i]!, fieldKinds[i]!);
        begin = fieldEnds[i]! + 1;
      }
      sink.end(o);
      stopped.at = at;
      stopped.lines++;
    }
    return stopped;
  };
}

/** Adds a record's fields, which lie in `bytes` from `start` to `end` and are divided by {@link us}, to the facts. */
export function addFacts(facts: readonly ColumnFacts[], bytes: Buffer, start: number, end: number): void {
  let begin = start;
  let bits = 0;
  for (let at = start, field = 0; at <= end; at++) {
    if (at < end && bytes[at] !== us) {
      bits |= factTable[bytes[at]!]!;
      continue;
    }
    facts[field++]?.add(bytes, begin, at, bits);
    begin = at + 1;
    bits = 0;
  }
}

const factTable = bytesOf({ delimiter: Buffer.of(us), quotes: false } as unknown as Dialect);
