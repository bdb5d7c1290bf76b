import { type FileHandle, open } from 'node:fs/promises';
import { DuetError } from '@duet/base';
import { ColumnFacts } from './column-facts.ts';
import { Dictionary } from './dictionary.ts';

/** Between the fields of a clean record: ASCII unit separator, which no accepted field can hold. */
export const separator = '\x1f';
export const us = 0x1f;

/** Longest record in bytes. A quote that was never closed would otherwise swallow the file. */
export const maxRecord = 1 << 20;
const flushAt = 1 << 18;
/** Texts that are written at once. */
const someTexts = 16_384;

/** Thrown by a sink that has as many records of a part as are wanted of it. */
export class SampleTaken extends Error {}

/** What a sink takes. */
export interface SinkLimits {
  /** More records of all parts are an error. */
  rows?: number | undefined;
  /** After so many records of a part it throws {@link SampleTaken}. */
  sample?: number | undefined;
}

/** Writes a whole number as decimal digits; returns where they end. */
export function writeDigits(bytes: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
  for (let place = end - 1, rest = value; place >= at; place--, rest = Math.floor(rest / 10)) {
    bytes[place] = 0x30 + (rest % 10);
  }
  return end;
}

/** The columns of delimited text, of which facts are to be known. */
interface SinkColumns {
  columns?: number | undefined;
  /** Places of those whose texts are numbered, as far as there are at most so many. */
  numbered?: readonly number[] | undefined;
  ids?: number | undefined;
  /** A sink whose bytes it takes over: it is written to no more. */
  instead?: RecordSink | undefined;
}

/** What is known of a column once its records are written. */
export interface RecordColumn {
  readonly facts: ColumnFacts;
  /** Its texts, where numbers stand for them. */
  readonly dictionary?: Dictionary;
}

/** A file that is written in large pieces. */
class Output {
  #bytes: Buffer | undefined;
  length = 0;
  readonly #file: FileHandle;
  #closed = false;
  constructor(file: FileHandle, bytes?: Buffer) {
    this.#file = file;
    this.#bytes = bytes;
  }
  /** So large that the garbage collector sees each: made where something is written. */
  get bytes(): Buffer {
    this.#bytes ??= Buffer.allocUnsafe(flushAt + 2 * maxRecord);
    return this.#bytes;
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
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }
}

/**
 * Where the records of a file's parts go. Sound ones, a line each: part, line, fields. The others: part, line, reason,
 * the record's beginning.
 */
export class RecordSink implements AsyncDisposable {
  readonly clean: Output;
  readonly #rejects: Output;
  readonly #limits: SinkLimits;
  readonly #path: string;
  #part = 0;
  #ofPart = 0;
  /** What is known of each column; undefined where records are written without a look at their fields. */
  columns: readonly RecordColumn[] | undefined;
  /** Records of all parts so far. */
  accepted = 0;
  rejected = 0;

  private constructor(
    [path, clean, rejects]: [string, FileHandle, FileHandle],
    { columns, numbered = [], ids = Number.POSITIVE_INFINITY, instead, ...limits }: SinkLimits & SinkColumns,
  ) {
    this.#path = path;
    const column = (place: number): RecordColumn => {
      if (!numbered.includes(place)) return { facts: new ColumnFacts() };
      const dictionary = new Dictionary(ids);
      return { facts: dictionary.facts, dictionary };
    };
    this.columns = columns === undefined ? undefined : Array.from({ length: columns }, (_, place) => column(place));
    this.clean = new Output(clean, instead?.clean.bytes);
    this.#rejects = new Output(rejects);
    this.#limits = limits;
  }

  /** @param clean file of the sound records; `rejects` of the others */
  static async open(clean: string, rejects: string, limits: SinkLimits & SinkColumns = {}): Promise<RecordSink> {
    return new RecordSink([clean, await open(clean, 'w'), await open(rejects, 'w')], limits);
  }

  /** Place of the part that is read in the list of the source's parts. */
  get part(): number {
    return this.#part;
  }
  set part(part: number) {
    this.#part = part;
    this.#ofPart = 0;
  }

  /** Begins a record; returns the place in `clean.bytes` where its first field goes. */
  begin(line: number): number {
    const { bytes, length } = this.clean;
    let at = writeDigits(bytes, length, this.#part);
    bytes[at] = us;
    at = writeDigits(bytes, at + 1, line);
    bytes[at] = us;
    return at + 1;
  }

  /** Ends the record whose last field ends at `end`. */
  end(end: number): void {
    this.clean.bytes[end] = 0x0a;
    this.clean.length = end + 1;
    this.accepted++;
    this.#bound();
  }

  get isFull(): boolean {
    return this.clean.full || this.#rejects.full;
  }

  /** Whether a column has more texts than are numbered: further records go into a sink that numbers none. */
  get hasFullDictionary(): boolean {
    return this.columns?.some(({ dictionary }) => dictionary?.isFull) ?? false;
  }

  /** A whole record at once. Control characters in its fields become spaces. */
  async write(line: number, fields: readonly string[]): Promise<void> {
    const text = fields.map((field) => field.replace(/\p{Cc}+/gu, ' ')).join(separator);
    this.columns = undefined;
    if (text.length * 3 > maxRecord) return this.reject(line, `record is longer than ${maxRecord} bytes`, text);
    const from = this.begin(line);
    this.end(from + this.clean.bytes.write(text, from));
    if (this.clean.full) await this.clean.flush();
  }

  reject(line: number, reason: string, beginning: string): void {
    const excerpt = beginning
      .slice(0, 200)
      .replace(/\p{Cc}+/gu, ' ')
      .trim();
    const out = this.#rejects;
    out.length += out.bytes.write(`${[this.#part, line, reason, excerpt].join(separator)}\n`, out.length);
    this.rejected++;
    this.#bound();
  }

  async flushFull(): Promise<void> {
    if (this.clean.full) await this.clean.flush();
    if (this.#rejects.full) await this.#rejects.flush();
  }

  #bound(): void {
    const { rows = Number.POSITIVE_INFINITY, sample } = this.#limits;
    if (++this.#ofPart === sample) throw new SampleTaken();
    if (this.accepted + this.rejected <= rows) return;
    throw new DuetError('bad-input', `there are more than ${rows} rows.`, {
      fix: 'Import a part of them, or raise DUET_IMPORT_MAX_ROWS.',
    });
  }

  /** Writes the texts of a numbered column, a line each: number, text. @returns the file */
  async writeDictionary(place: number): Promise<string | undefined> {
    const dictionary = this.columns?.[place]?.dictionary;
    if (dictionary === undefined) return undefined;
    const file = `${this.#path}.${place}`;
    const handle = await open(file, 'w');
    try {
      for (let first = 0; first < dictionary.size; first += someTexts) {
        const length = Math.min(someTexts, dictionary.size - first);
        const line = (number: number) => `${number}${separator}${dictionary.textOf(number)}\n`;
        await handle.write(Array.from({ length }, (_, at) => line(first + at)).join(''));
      }
    } finally {
      await handle.close();
    }
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clean.close();
    await this.#rejects.close();
  }
}
