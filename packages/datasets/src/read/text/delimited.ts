import { isUtf8 } from 'node:buffer';
import { DuetError } from '@duet/base';
import type { Dialect } from './dialect.ts';
import { plainCopier, takeFields } from './plain-records.ts';
import { maxRecord, type RecordSink, separator, us } from './sink.ts';

const lf = 0x0a;
const cr = 0x0d;
const tab = 0x09;
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;

/** One attempt to read a record. */
interface Step {
  /** First byte after the record; −1 while its end is not in the buffer yet. */
  next: number;
  lines: number;
  fields: number;
  /** Where the output ends. */
  end: number;
  problem: string;
}

const isAt = (delimiter: Buffer, bytes: Buffer, at: number): boolean => {
  for (let i = 1; i < delimiter.length; i++) if (bytes[at + i] !== delimiter[i]) return false;
  return true;
};

/** Reads one delimited record (RFC 4180; a quote inside an unquoted field is text) and writes its fields to `out`. */
function readFields(bytes: Buffer, from: number, final: boolean, dialect: Dialect, out: Buffer, to: number): Step {
  const { delimiter, escapes, quotes } = dialect;
  const first = delimiter[0]!;
  const width = delimiter.length;
  const end = bytes.length;
  const step: Step = { next: -1, lines: 1, fields: 1, end: to, problem: '' };
  let at = from;
  let o = to;
  const fail = (problem: string): Step => Object.assign(step, { next: at, problem });
  for (;;) {
    if (quotes && at < end && bytes[at] === quote) {
      at++;
      for (;;) {
        if (at >= end) return final ? fail('quote is never closed') : step;
        const c = bytes[at++]!;
        if (c === backslash && escapes) {
          if (at >= end) return final ? fail('quote is never closed') : step;
          out[o++] = Math.max(space, bytes[at]!);
          at++;
        } else if (c === quote) {
          if (at >= end && !final) return step;
          if (at >= end || bytes[at] !== quote) break;
          out[o++] = quote;
          at++;
        } else if (c >= space || c === tab) out[o++] = c;
        else if (c === lf) {
          step.lines++;
          out[o++] = space;
        } else if (c !== cr) return fail('control character');
      }
      if (at < end && bytes[at] !== first && bytes[at] !== lf && bytes[at] !== cr) {
        return fail('text after a closing quote');
      }
    }
    let c = -1;
    while (at < end) {
      c = bytes[at++]!;
      if (c === first) {
        if (width === 1) break;
        if (at + width - 1 > end && !final) return step;
        if (isAt(delimiter, bytes, at - 1)) {
          at += width - 1;
          break;
        }
      } else if (c === lf || c === cr) break;
      if (c < space && c !== tab) return fail('control character');
      out[o++] = c;
      c = -1;
    }
    if (c === first) {
      out[o++] = us;
      step.fields++;
      continue;
    }
    if (c === -1 && !final) return step;
    if (c === cr) {
      if (at >= end && !final) return step;
      if (at < end && bytes[at++] !== lf) return fail('carriage return inside a line');
    }
    return Object.assign(step, { next: at, end: o });
  }
}

/**
 * Names of a header line. Trailing ones that are empty, as spreadsheets leave them, are none; a repeated one is
 * numbered.
 */
export function headerNames(fields: readonly string[]): string[] {
  const last = fields.findLastIndex((name) => name.trim() !== '');
  const names = fields.slice(0, last + 1).map((name, i) => name.trim() || `column ${i + 1}`);
  // RecBole's atomic files say each column's type after a colon.
  const atomic = /:(?:token|float)(?:_seq)?$/;
  const plain = names.every((name) => atomic.test(name)) ? names.map((name) => name.replace(atomic, '')) : names;
  const seen = new Map<string, number>();
  return plain.map((name) => {
    const times = (seen.get(name.toLowerCase()) ?? 0) + 1;
    seen.set(name.toLowerCase(), times);
    return times === 1 ? name : `${name} (${times})`;
  });
}

/**
 * Copies the sound records of delimited text to a sink, unquoted, with line breaks inside quotes as spaces. Reads once,
 * from start to end, within a fixed amount of memory.
 *
 * @param text UTF-8, without a byte order mark
 * @param columns Hears the header's names, or those that the dialect gives, before the first record, and again where
 *   its sink's dictionaries are full.
 * @returns whether a record was read as Windows-1252
 * @throws DuetError `bad-input` for text whose header cannot be read
 */
export async function siftDelimited(
  text: AsyncIterable<Buffer>,
  { file, dialect, guessed }: { file: string; dialect: Dialect; guessed: boolean },
  sink: RecordSink,
  columns: (names: string[]) => Promise<RecordSink>,
): Promise<{ columns: string[]; windows1252: boolean }> {
  let names: string[] | undefined = dialect.columns;
  let out = sink;
  let line = 1 + dialect.skipLines;
  let skipping = false;
  let hasUtf8 = false;
  let windows1252 = false;
  const latin = new TextDecoder('windows-1252');
  /** Copies plain records, once the columns are known and the delimiter is one byte. */
  let copyPlain: ReturnType<typeof plainCopier> | undefined;
  const begun = (found: RecordSink, count: number): void => {
    out = found;
    if (dialect.delimiter.length === 1) copyPlain = plainCopier(dialect, count);
  };

  const reject = (bytes: Buffer, from: number, to: number, reason: string, detail = ''): void => {
    if (names === undefined) {
      throw new DuetError('bad-input', `the header line cannot be read: ${reason}.`, { where: { file, line } });
    }
    out.reject(line, reason, detail + bytes.toString('utf8', from, Math.min(to, from + 200)));
  };

  /** Keeps the record at `start` … `end` of the sink's bytes; of the first, returns the names that it holds. */
  const keep = (bytes: Buffer, at: number, step: Step, start: number): string[] | undefined => {
    let { end } = step;
    const { clean } = out;
    if (!isUtf8(clean.bytes.subarray(start, end))) {
      if (!guessed || hasUtf8) {
        reject(bytes, at, step.next, 'text is not UTF-8');
        return undefined;
      }
      windows1252 = true;
      end = start + clean.bytes.write(latin.decode(clean.bytes.subarray(start, end)), start);
    } else if (!hasUtf8 && guessed) hasUtf8 = clean.bytes.subarray(start, end).some((byte) => byte > 0x7f);
    if (names === undefined) {
      const found = headerNames(clean.bytes.toString('utf8', start, end).split(separator));
      if (found.length === 0) reject(bytes, at, step.next, 'it has no names');
      return found;
    }
    let { fields } = step;
    // Spreadsheets leave commas behind where cells were emptied.
    while (fields > names.length && clean.bytes[end - 1] === us) {
      fields--;
      end--;
    }
    if (fields !== names.length) {
      reject(bytes, at, step.next, 'wrong number of fields', `${fields} instead of ${names.length}: `);
      return undefined;
    }
    out.end(out.columns ? takeFields(out, out.columns, start, end) : end);
    return undefined;
  };

  /** Takes as many records from `bytes` as it holds; returns where the first incomplete one starts. */
  const take = async (bytes: Buffer, final: boolean): Promise<number> => {
    let at = 0;
    if (names && out.hasFullDictionary) begun(await columns(names), names.length);
    while (at < bytes.length) {
      if (skipping) {
        const newline = bytes.indexOf(lf, at);
        if (newline < 0) return bytes.length;
        at = newline + 1;
        line++;
        skipping = false;
        continue;
      }
      const blank = bytes[at] === lf ? 1 : bytes[at] === cr && bytes[at + 1] === lf ? 2 : 0;
      if (blank > 0) {
        at += blank;
        line++;
        continue;
      }
      if (copyPlain && out.columns) {
        const copied = copyPlain(bytes, at, line, { sink: out, columns: out.columns });
        at = copied.at;
        line += copied.lines;
        hasUtf8 ||= guessed && copied.hasWide;
        if (out.isFull) await out.flushFull();
        if (copied.lines > 0) continue;
      }
      const start = out.begin(line);
      const step = readFields(bytes, at, final, dialect, out.clean.bytes, start);
      if (step.next < 0 && bytes.length - at <= maxRecord) return at;
      if (step.next < 0) step.problem = `record is longer than ${maxRecord} bytes`;
      if (step.problem !== '') {
        // Only the record's first line is given up: whatever is wrong, the next line may begin a sound record.
        const newline = bytes.indexOf(lf, at);
        if (newline < 0 && !final && bytes.length - at <= maxRecord) return at;
        reject(bytes, at, newline < 0 ? bytes.length : newline, step.problem);
        skipping = newline < 0;
        at = newline < 0 ? bytes.length : newline + 1;
        if (!skipping) line++;
      } else {
        const header = keep(bytes, at, step, start);
        if (header) {
          names = header;
          begun(await columns(header), header.length);
        }
        at = step.next;
        line += step.lines;
      }
      if (out.isFull) await out.flushFull();
    }
    return at;
  };

  if (names) begun(await columns(names), names.length);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of text) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    rest = bytes.subarray(await take(bytes, false));
  }
  await take(rest, true);
  if (names === undefined) {
    throw new DuetError('bad-input', 'this file is empty: it has no header line.', { where: { file } });
  }
  return { columns: names, windows1252 };
}
