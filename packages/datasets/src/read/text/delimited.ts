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

interface SiftOptions {
  file: string;
  dialect: Dialect;
  /** Whether the encoding is a guess. */
  guessed: boolean;
}

/** Hears the header's names, or those that the dialect gives; returns the sink of the records. */
type OpenSink = (names: string[]) => Promise<RecordSink>;

/** Reads delimited text from its start to its end, chunk by chunk. */
class Sieve {
  names: string[] | undefined;
  windows1252 = false;
  readonly #options: SiftOptions;
  readonly #columns: OpenSink;
  readonly #latin = new TextDecoder('windows-1252');
  #out: RecordSink;
  #line: number;
  #hasUtf8 = false;
  /** Whether what follows, up to a line's end, belongs to a record that was given up. */
  #skipping = false;
  /** Copies plain records, once the columns are known and the delimiter is one byte. */
  #copyPlain: ReturnType<typeof plainCopier> | undefined;

  constructor(options: SiftOptions, sink: RecordSink, columns: OpenSink) {
    this.#options = options;
    this.#out = sink;
    this.#columns = columns;
    this.#line = 1 + options.dialect.skipLines;
  }

  /** Goes on with the sink that records of these names go into. */
  async begin(names: string[]): Promise<void> {
    this.names = names;
    this.#out = await this.#columns(names);
    const { dialect } = this.#options;
    if (dialect.delimiter.length === 1) this.#copyPlain = plainCopier(dialect, names.length);
  }

  #reject(bytes: Buffer, from: number, to: number, reason: string, detail = ''): void {
    if (this.names === undefined) {
      throw new DuetError('bad-input', `the header line cannot be read: ${reason}.`, {
        where: { file: this.#options.file, line: this.#line },
      });
    }
    this.#out.reject(this.#line, reason, detail + bytes.toString('utf8', from, Math.min(to, from + 200)));
  }

  /** Keeps the record at `start` … `end` of the sink's bytes; of the first, returns the names that it holds. */
  #keep(bytes: Buffer, at: number, step: Step, start: number): string[] | undefined {
    const { guessed } = this.#options;
    const out = this.#out;
    const { clean } = out;
    let { end, fields } = step;
    if (!isUtf8(clean.bytes.subarray(start, end))) {
      if (!guessed || this.#hasUtf8) {
        this.#reject(bytes, at, step.next, 'text is not UTF-8');
        return undefined;
      }
      this.windows1252 = true;
      end = start + clean.bytes.write(this.#latin.decode(clean.bytes.subarray(start, end)), start);
    } else if (!this.#hasUtf8 && guessed) {
      this.#hasUtf8 = clean.bytes.subarray(start, end).some((byte) => byte > 0x7f);
    }
    if (this.names === undefined) {
      const found = headerNames(clean.bytes.toString('utf8', start, end).split(separator));
      if (found.length === 0) this.#reject(bytes, at, step.next, 'it has no names');
      return found;
    }
    // Spreadsheets leave commas behind where cells were emptied.
    while (fields > this.names.length && clean.bytes[end - 1] === us) {
      fields--;
      end--;
    }
    if (fields !== this.names.length) {
      this.#reject(bytes, at, step.next, 'wrong number of fields', `${fields} instead of ${this.names.length}: `);
      return undefined;
    }
    out.end(out.columns ? takeFields(out, out.columns, start, end) : end);
    return undefined;
  }

  /** Goes on behind the line in which a record was given up, where it ends; returns where. */
  #skip(bytes: Buffer, at: number): number {
    const newline = bytes.indexOf(lf, at);
    if (newline < 0) return bytes.length;
    this.#line++;
    this.#skipping = false;
    return newline + 1;
  }

  /** Copies plain records; returns where they end. */
  async #copy(bytes: Buffer, at: number): Promise<number> {
    const out = this.#out;
    if (this.#copyPlain === undefined || out.columns === undefined) return at;
    const copied = this.#copyPlain(bytes, at, this.#line, { sink: out, columns: out.columns });
    this.#line += copied.lines;
    this.#hasUtf8 ||= this.#options.guessed && copied.hasWide;
    if (out.isFull) await out.flushFull();
    return copied.at;
  }

  /** Reads the record at a place; returns where the next begins, or the same place where it is not whole yet. */
  async #readRecord(bytes: Buffer, at: number, final: boolean): Promise<number> {
    const out = this.#out;
    const start = out.begin(this.#line);
    const step = readFields(bytes, at, final, this.#options.dialect, out.clean.bytes, start);
    const isLong = bytes.length - at > maxRecord;
    if (step.next < 0 && !isLong) return at;
    if (step.next < 0) step.problem = `record is longer than ${maxRecord} bytes`;
    if (step.problem !== '') {
      // Only the record's first line is given up: whatever is wrong, the next line may begin a sound record.
      const newline = bytes.indexOf(lf, at);
      if (newline < 0 && !final && !isLong) return at;
      this.#reject(bytes, at, newline < 0 ? bytes.length : newline, step.problem);
      this.#skipping = newline < 0;
      if (!this.#skipping) this.#line++;
      return newline < 0 ? bytes.length : newline + 1;
    }
    const header = this.#keep(bytes, at, step, start);
    if (header) await this.begin(header);
    this.#line += step.lines;
    return step.next;
  }

  /** Takes as many records from `bytes` as it holds; returns where the first incomplete one starts. */
  async take(bytes: Buffer, final: boolean): Promise<number> {
    if (this.names && this.#out.hasFullDictionary) await this.begin(this.names);
    let at = 0;
    while (at < bytes.length) {
      if (this.#skipping) {
        at = this.#skip(bytes, at);
        continue;
      }
      const blank = bytes[at] === lf ? 1 : bytes[at] === cr && bytes[at + 1] === lf ? 2 : 0;
      if (blank > 0) {
        at += blank;
        this.#line++;
        continue;
      }
      const copied = await this.#copy(bytes, at);
      if (copied > at) {
        at = copied;
        continue;
      }
      const next = await this.#readRecord(bytes, at, final);
      if (next === at) return at;
      at = next;
      if (this.#out.isFull) await this.#out.flushFull();
    }
    return at;
  }
}

/**
 * Copies the sound records of delimited text to a sink, unquoted, with line breaks inside quotes as spaces. Reads once,
 * from start to end, within a fixed amount of memory.
 *
 * @param text UTF-8, without a byte order mark
 * @param sink Holds the header until its names are known.
 * @param columns Hears the header's names, or those that the dialect gives, before the first record, and again where
 *   its sink's dictionaries are full.
 * @returns whether a record was read as Windows-1252
 * @throws DuetError `bad-input` for text whose header cannot be read
 */
export async function siftDelimited(
  text: AsyncIterable<Buffer>,
  options: SiftOptions,
  sink: RecordSink,
  columns: OpenSink,
): Promise<{ columns: string[]; windows1252: boolean }> {
  const sieve = new Sieve(options, sink, columns);
  if (options.dialect.columns) await sieve.begin(options.dialect.columns);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of text) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    rest = bytes.subarray(await sieve.take(bytes, false));
  }
  await sieve.take(rest, true);
  const { names, windows1252 } = sieve;
  if (names === undefined) {
    throw new DuetError('bad-input', 'this file is empty: it has no header line.', { where: { file: options.file } });
  }
  return { columns: names, windows1252 };
}
