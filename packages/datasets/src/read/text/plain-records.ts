import { isUtf8 } from 'node:buffer';
import { kinds } from './column-facts.ts';
import type { Dialect } from './dialect.ts';
import { hashPrime, hashStart } from './dictionary.ts';
import { type RecordColumn, type RecordSink, us, writeDigits } from './sink.ts';

const lf = 0x0a;
const cr = 0x0d;
/** What ends a field or a run of plain bytes; all below are {@link kinds}. */
const [delimiter, newline, quote, never] = [64, 65, 66, 67];

/** What each byte is, in text of a dialect. */
function bytesOf({ delimiter: [separator], quotes }: Pick<Dialect, 'delimiter' | 'quotes'>): Uint8Array {
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

/** The fields of the record that is read: where they end, what their bytes are, and their hashes. */
interface Fields {
  ends: Int32Array;
  kinds: Uint8Array;
  hashes: Int32Array;
}

const fieldsOf = (columns: number): Fields => ({
  ends: new Int32Array(columns),
  kinds: new Uint8Array(columns),
  hashes: new Int32Array(columns),
});

/** Writes fields that lie in `from` one behind the other, divided by one byte; returns where they end in `out`. */
function writeFields(
  from: Buffer,
  start: number,
  fields: Fields,
  columns: readonly RecordColumn[],
  out: Buffer,
  to: number,
): number {
  let begin = start;
  let o = to;
  for (let i = 0; i < columns.length; i++) {
    const end = fields.ends[i]!;
    const { facts, dictionary } = columns[i]!;
    if (i > 0) out[o++] = us;
    if (dictionary === undefined || end === begin) {
      facts.add(from, begin, end, fields.kinds[i]!);
      for (let at = begin; at < end; at++) out[o++] = from[at]!;
    } else {
      o = writeDigits(out, o, dictionary.numberOf(from, begin, end, fields.hashes[i]!, fields.kinds[i]!));
    }
    begin = end + 1;
  }
  return o;
}

/**
 * A copier of plain records: those without a quoted field, as nearly all are, with as many fields as there are columns.
 *
 * It returns where it stopped in `bytes` and how many lines it took: at a record that is not plain or not whole, or
 * where the sink is full.
 */
export function plainCopier(dialect: Dialect, columns: number) {
  const table = bytesOf(dialect);
  const fields = fieldsOf(columns);
  const { ends, hashes, kinds: fieldKinds } = fields;
  return (
    bytes: Buffer,
    from: number,
    firstLine: number,
    { sink, columns: known }: { sink: RecordSink; columns: readonly RecordColumn[] },
  ): { at: number; lines: number; hasWide: boolean } => {
    const stopped = { at: from, lines: 0, hasWide: false };
    const end = bytes.length;
    const out = sink.clean.bytes;
    while (stopped.at < end && !sink.isFull) {
      const start = stopped.at;
      let at = start;
      let begin = start;
      let field = 0;
      let bits = 0;
      let all = 0;
      let hash = hashStart;
      let byte = never!;
      while (at < end) {
        const c = bytes[at++]!;
        byte = table[c]!;
        if (byte === quote && at - 1 > begin) byte = kinds.other;
        if (byte < delimiter!) {
          bits |= byte;
          hash = Math.imul(hash ^ c, hashPrime);
        } else if (byte === delimiter) {
          ends[field] = at - 1;
          fieldKinds[field] = bits;
          hashes[field] = hash;
          all |= bits;
          bits = 0;
          hash = hashStart;
          begin = at;
          if (++field >= columns) break;
        } else break;
      }
      if (byte !== newline || field !== columns - 1 || at - 1 === start) return stopped;
      ends[field] = at - 1;
      if (bytes[at - 1] === cr && bytes[at++] !== lf) return stopped;
      fieldKinds[field] = bits;
      hashes[field] = hash;
      if (((all | bits) & kinds.wide) !== 0) {
        if (!isUtf8(bytes.subarray(start, ends[field]))) return stopped;
        stopped.hasWide = true;
      }
      const o = sink.begin(firstLine + stopped.lines);
      sink.end(writeFields(bytes, start, fields, known, out, o));
      stopped.at = at;
      stopped.lines++;
    }
    return stopped;
  };
}

const separated = bytesOf({ delimiter: Buffer.of(us), quotes: false });

/**
 * Takes a sink's record whose fields lie in its bytes from `start` to `end`, divided by {@link us}: what its columns are
 * like is known, and numbers stand for what they number.
 *
 * @returns where the record ends then
 */
export function takeFields(sink: RecordSink, columns: readonly RecordColumn[], start: number, end: number): number {
  const fields = fieldsOf(columns.length);
  const record = Buffer.from(sink.clean.bytes.subarray(start, end));
  for (let at = 0, field = 0, bits = 0, hash = hashStart; at <= record.length; at++) {
    const c = record[at]!;
    if (at < record.length && c !== us) {
      bits |= separated[c]!;
      hash = Math.imul(hash ^ c, hashPrime);
      continue;
    }
    fields.ends[field] = at;
    fields.kinds[field] = bits;
    fields.hashes[field++] = hash;
    [bits, hash] = [0, hashStart];
  }
  return writeFields(record, 0, fields, columns, sink.clean.bytes, start);
}
