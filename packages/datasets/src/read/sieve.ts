import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { DuetError } from '@duet/base';

/** Between the fields of a sieved record: ASCII unit separator, which no accepted field can hold. */
export const separator = '\x1f';

const us = 0x1f;
const lf = 0x0a;
const cr = 0x0d;
const tab = 0x09;
const space = 0x20;
const quote = 0x22;

/** Longest record. A quote that was never closed would otherwise swallow the file. */
const maxRecord = 1 << 20;
const flushAt = 1 << 20;

const wrongFields = 'wrong number of fields';

export interface Sieved {
  /** Names in the header line; [] for JSON lines. */
  columns: string[];
  rejected: number;
}

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

/** Bytes of a file, gunzipped where they begin with gzip's magic number; `onBytes` hears of those read from disk. */
async function* chunks(file: string, onBytes: (bytes: number) => void, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const source = createReadStream(file, { highWaterMark: 1 << 18, ...(signal && { signal }) });
  source.on('data', (chunk) => onBytes(chunk.length));
  source.pause();
  const magic = Buffer.alloc(2);
  const handle = await open(file);
  await handle.read(magic, 0, 2, 0).finally(() => handle.close());
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) {
    yield* source as AsyncIterable<Buffer>;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  source.once('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip) as AsyncIterable<Buffer>;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new DuetError('corrupt', `this gzip file is damaged or cut short (${(cause as Error).message}).`, {
      where: { file },
      cause,
    });
  }
}

/** Reads one delimited record (RFC 4180; a quote inside an unquoted field is text) and writes its fields to `out`. */
function readFields(bytes: Buffer, from: number, final: boolean, delimiter: number, out: Buffer, to: number): Step {
  const end = bytes.length;
  const step: Step = { next: -1, lines: 1, fields: 1, end: to, problem: '' };
  let at = from;
  let o = to;
  const fail = (problem: string): Step => Object.assign(step, { next: at, problem });
  for (;;) {
    if (at < end && bytes[at] === quote) {
      at++;
      for (;;) {
        if (at >= end) return final ? fail('quote is never closed') : step;
        const c = bytes[at++]!;
        if (c === quote) {
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
      if (at < end && bytes[at] !== delimiter && bytes[at] !== lf && bytes[at] !== cr) {
        return fail('text after a closing quote');
      }
    }
    let c = -1;
    while (at < end) {
      c = bytes[at++]!;
      if (c === delimiter || c === lf || c === cr) break;
      if (c < space && c !== tab) return fail('control character');
      out[o++] = c;
      c = -1;
    }
    if (c === delimiter) {
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

/** Reads one line as one field. */
function readLine(bytes: Buffer, from: number, final: boolean, out: Buffer, to: number): Step {
  const newline = bytes.indexOf(lf, from);
  const step: Step = { next: -1, lines: 1, fields: 1, end: to, problem: '' };
  if (newline < 0 && !final) return step;
  const next = newline < 0 ? bytes.length : newline + 1;
  let stop = newline < 0 ? bytes.length : newline;
  if (stop > from && bytes[stop - 1] === cr) stop--;
  for (let at = from; at < stop; at++) {
    if (bytes[at]! < space && bytes[at] !== tab) return Object.assign(step, { next, problem: 'control character' });
  }
  return Object.assign(step, { next, end: to + bytes.copy(out, to, from, stop) });
}

class Output {
  readonly bytes = Buffer.allocUnsafe(flushAt + 2 * maxRecord);
  length = 0;
  readonly #file: FileHandle;
  constructor(file: FileHandle) {
    this.#file = file;
  }
  get full(): boolean {
    return this.length >= flushAt;
  }
  async flush(): Promise<void> {
    for (let at = 0; at < this.length; ) {
      at += (await this.#file.write(this.bytes, at, this.length - at)).bytesWritten;
    }
    this.length = 0;
  }
}

/**
 * Copies a text file's sound records to `clean`, one a line: its line number and its fields, separated by
 * {@link separator}, unquoted, with line breaks inside quotes as spaces. The others go to `rejects` as line, reason,
 * excerpt. Reads once, from start to end, within a fixed amount of memory.
 *
 * @throws DuetError `corrupt` for damaged gzip, `bad-input` for a file without a header or with a repeated one, and for
 * JSON that is one array
 */
export async function sieve(
  file: string,
  options: {
    format: 'csv' | 'tsv' | 'jsonl';
    clean: string;
    rejects: string;
    onBytes?: (bytes: number) => void;
    signal?: AbortSignal;
  },
): Promise<Sieved> {
  const { format, signal, onBytes = () => {} } = options;
  await using cleanFile = await open(options.clean, 'w');
  await using rejectsFile = await open(options.rejects, 'w');
  const clean = new Output(cleanFile);
  const rejects = new Output(rejectsFile);
  const result: Sieved = { columns: [], rejected: 0 };
  let delimiter = format === 'tsv' ? tab : format === 'csv' ? 0x2c : -1;
  let line = 1;
  let begun = false;
  let skipping = false;

  const reject = (bytes: Buffer, from: number, to: number, reason: string, detail = ''): void => {
    if (delimiter >= 0 && result.columns.length === 0) {
      throw new DuetError('bad-input', `the header line cannot be read: ${reason}.`, { where: { file, line } });
    }
    const excerpt = bytes
      .toString('utf8', from, Math.min(to, from + 200))
      .replace(/\p{Cc}+/gu, ' ')
      .trim();
    rejects.length += rejects.bytes.write(`${[line, reason, detail + excerpt].join(separator)}\n`, rejects.length);
    result.rejected++;
  };

  const header = (text: string): void => {
    const names = text.split(separator).map((name, i) => name.trim() || `column ${i + 1}`);
    const repeated = names.find((name, i) => names.indexOf(name) < i);
    if (repeated !== undefined) {
      throw new DuetError('bad-input', `two columns are called "${repeated}".`, { where: { file, line } });
    }
    result.columns = names;
  };

  /** Takes as many records from `bytes` as it holds; returns where the first incomplete one starts. */
  const take = async (bytes: Buffer, final: boolean): Promise<number> => {
    let at = 0;
    if (!begun) {
      if (bytes.length < 3 && !final) return 0;
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3;
      if (
        format === 'jsonl' &&
        bytes
          .toString('latin1', at, at + 1000)
          .trimStart()
          .startsWith('[')
      ) {
        throw new DuetError(
          'bad-input',
          'this is one JSON array, which has to be read whole; a line a record has not.',
          {
            where: { file, line },
            fix: "Write one object a line: jq -c '.[]' data.json > data.jsonl",
          },
        );
      }
      if (format === 'csv') {
        // Spreadsheets of many countries separate by semicolons.
        const newline = bytes.indexOf(lf);
        const first = bytes.toString('latin1', at, newline < 0 ? bytes.length : newline);
        const other = [';', '\t', '|'].find((candidate) => !first.includes(',') && first.includes(candidate));
        if (other !== undefined) delimiter = other.charCodeAt(0);
      }
      begun = true;
    }
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
      let to = clean.length;
      if (delimiter < 0 || result.columns.length > 0) {
        to += clean.bytes.write(`${line}${separator}`, to, 'latin1');
      }
      const start = to;
      const step =
        delimiter < 0
          ? readLine(bytes, at, final, clean.bytes, to)
          : readFields(bytes, at, final, delimiter, clean.bytes, to);
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
        if (!isUtf8(clean.bytes.subarray(start, step.end))) {
          reject(bytes, at, step.next, 'text is not UTF-8');
        } else if (delimiter >= 0 && result.columns.length === 0) {
          header(clean.bytes.toString('utf8', start, step.end));
        } else if (delimiter >= 0 && step.fields !== result.columns.length) {
          reject(bytes, at, step.next, wrongFields, `${step.fields} instead of ${result.columns.length}: `);
        } else {
          clean.bytes[step.end] = lf;
          clean.length = step.end + 1;
        }
        at = step.next;
        line += step.lines;
      }
      if (clean.full) await clean.flush();
      if (rejects.full) await rejects.flush();
    }
    return at;
  };

  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks(file, onBytes, signal)) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    rest = bytes.subarray(await take(bytes, false));
  }
  await take(rest, true);
  await clean.flush();
  await rejects.flush();
  if (delimiter >= 0 && result.columns.length === 0) {
    throw new DuetError('bad-input', 'this file is empty: it has no header line.', { where: { file } });
  }
  return result;
}
