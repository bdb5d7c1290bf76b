import { createWriteStream, existsSync } from 'node:fs';
import { constants, copyFile, link, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuetError, type Progress } from '@duet/base';
import type { Bounds } from '../containers/bounds.ts';
import { decompressed, peek } from '../containers/decompress.ts';
import { fileInputs, type Input, type InputContext, inputsOf, isWorkbook } from '../containers/inputs.ts';
import { siftDelimited } from '../text/delimited.ts';
import { type Dialect, dialectOf, type TextOptions } from '../text/dialect.ts';
import { asUtf8, type Encoding, encodingOf } from '../text/encoding.ts';
import { isJsonLines, siftJsonDocuments, siftJsonLines } from '../text/json.ts';
import { envelopeOf } from '../text/json-envelope.ts';
import { RecordSink, SampleTaken } from '../text/sink.ts';
import { siftWorkbook } from '../text/xlsx.ts';
import { siftXml } from '../text/xml.ts';
import { rejected } from '../workspace/tables.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { delimitedSource } from './delimited.ts';
import { jsonSource } from './json.ts';
import { parquetSource } from './parquet.ts';
import { partOf, readClean, type Source, type SourceNotes } from './source.ts';

export const formats = ['csv', 'tsv', 'json', 'jsonl', 'parquet', 'xlsx', 'xml'] as const;
export type Format = (typeof formats)[number];

export interface OpenOptions extends TextOptions, InputContext {
  format?: Format | undefined;
  encoding?: Encoding | undefined;
  sheet?: string | undefined;
  bounds: Bounds;
  maxRows?: number | undefined;
  /** Texts of a column that are numbered. */
  maxIds?: number | undefined;
  /** Records that are read of each file of text or workbook; all by default. */
  sampleRows?: number | undefined;
  progress: Progress;
  /** How a headerless file of this name and beginning is written, where a form knows. */
  knownText?: (name: string, head: string) => TextOptions | undefined;
  /** The columns of a file whose texts are ids that many rows share. */
  idColumns?: (columns: readonly string[], name: string) => readonly string[];
}

/** Files with the same columns. */
interface Group {
  kind: 'delimited' | 'json' | 'parquet';
  columns: string[];
  parts: Set<number>;
  notes: SourceNotes;
  /** Of text: where the sound records are, and the others. */
  clean: string;
  rejects: string;
  sink?: RecordSink;
  /** Of Parquet: links to the files, by part. */
  links: Map<number, string>;
}

const headBytes = 1 << 16;

/** What a file is, by its beginning; its name tells only what both may be. */
function formatOf(name: string, head: Buffer): Format {
  const magic = head.toString('latin1', 0, 200);
  if (magic.startsWith('PAR1')) return 'parquet';
  if (isWorkbook(magic)) return 'xlsx';
  const text = new TextDecoder(encodingOf(head).name === 'latin-1' ? 'latin1' : encodingOf(head).name)
    .decode(head)
    .replace(/^\ufeff/, '')
    .trimStart();
  if (text.startsWith('<?xml') || /^<(rss|feed|products|items|catalog)\b/i.test(text)) return 'xml';
  if (/^(\{\s*("|u?'|\})|\[\s*(\{|\]))/.test(text)) return isJsonLines(text) ? 'jsonl' : 'json';
  const extension = path.extname(name.replace(/\.(gz|zst|xz|bz2)$/i, '')).toLowerCase();
  if (extension === '.jsonl' || extension === '.ndjson') return 'jsonl';
  if (extension === '.parquet') return 'parquet';
  return extension === '.tsv' || extension === '.tab' ? 'tsv' : 'csv';
}

/**
 * Opens what an import is pointed at: a source for each set of files that have the same columns, in the order of files.
 */
export async function openSources(
  workspace: Workspace,
  table: string,
  location: string,
  options: OpenOptions,
): Promise<Source[]> {
  await using reading = new Reading(workspace, table, options);
  for await (const input of inputsOf(location, options)) await reading.add(input);
  return await reading.sources(location);
}

/** The files of one location while they are read. */
class Reading implements AsyncDisposable {
  readonly #workspace: Workspace;
  readonly #table: string;
  readonly #options: OpenOptions;
  readonly #parts: string[] = [];
  readonly #groups = new Map<string, Group>();
  /** A file without anything in it. */
  #empty: string | undefined;

  constructor(workspace: Workspace, table: string, options: OpenOptions) {
    this.#workspace = workspace;
    this.#table = table;
    this.#options = options;
  }

  async add(input: Input): Promise<void> {
    const { bounds, progress, signal } = this.#options;
    const part = this.#parts.push(input.name) - 1;
    let packed = 0;
    const step = `read ${path.basename(input.name)}`;
    const total = input.size ?? 0;
    async function* counted(): AsyncGenerator<Buffer> {
      progress({ step, done: 0, total, unit: 'bytes' });
      for await (const chunk of input.open()) {
        signal?.throwIfAborted();
        packed += chunk.length;
        progress({ step, done: Math.min(packed, total || packed), total: total || packed, unit: 'bytes' });
        yield chunk;
      }
    }
    const all = bounds.pass(input.name, decompressed(input.name, counted()), () => input.packed ?? packed);
    const { head, bytes } = await peek(all, headBytes);
    if (head.length === 0) {
      // One of many parts may well be empty.
      this.#empty = this.#parts.pop();
      return;
    }
    const magic = head.toString('latin1', 0, 200);
    const format = this.#options.format ?? formatOf(input.name, head);
    if (format === 'parquet' || format === 'xlsx' || magic.startsWith('PK\x03\x04')) {
      const file = await this.#onDisk(input, bytes, head, packed);
      if (format === 'parquet') await this.#addParquet(part, file);
      else if (format === 'xlsx') await sampled(this.#addWorkbook(part, file));
      else {
        // An archive that came over the network, or inside of another.
        this.#parts.pop();
        for await (const inner of fileInputs(file, input.name, signal)) await this.add(inner);
      }
      return;
    }
    await sampled(this.#addText(part, format, head, bytes));
  }

  /** Where the bytes lie on this disk: the file itself behind a plain name, or a copy. */
  async #onDisk(input: Input, bytes: AsyncIterable<Buffer>, head: Buffer, packed: number): Promise<string> {
    const target = path.join(this.#workspace.folder, `${this.#table}-${this.#parts.length}.file`);
    const fileStats = input.path === undefined ? undefined : await stat(input.path);
    if (fileStats && head.length >= Math.min(fileStats.size, headBytes, packed) && (await isSame(input, head))) {
      // The second name lies where DuckDB may read, and holds no character that it would take for a pattern.
      const file = path.resolve(input.path!);
      await link(file, target).catch(() => copyFile(file, target, constants.COPYFILE_FICLONE));
      // The stream is of no more use.
      await (bytes as AsyncGenerator<Buffer>).return?.(undefined);
    } else await pipeline(bytes, createWriteStream(target));
    return target;
  }

  async #group(
    kind: Group['kind'],
    columns: string[],
    part: number,
    notes: SourceNotes,
    { ids = [], instead }: { ids?: readonly string[] | undefined; instead?: RecordSink | undefined } = {},
  ): Promise<Group> {
    const key = JSON.stringify([kind, columns, ids]);
    const known = this.#groups.get(key);
    if (known?.sink?.hasFullDictionary) return this.#group(kind, columns, part, notes);
    if (known) {
      known.parts.add(part);
      return known;
    }
    const place = path.join(this.#workspace.folder, `${this.#table}-${this.#groups.size}`);
    const [clean, rejects] = [`${place}.clean`, `${place}.rejects`];
    const group: Group = { kind, columns, notes, clean, rejects, parts: new Set([part]), links: new Map() };
    const { maxRows, maxIds, sampleRows } = this.#options;
    if (kind !== 'parquet') {
      const ofText = kind === 'delimited' ? columns.length : undefined;
      const numbered = ids.map((name) => columns.indexOf(name));
      group.sink = await RecordSink.open(clean, rejects, {
        ...{ rows: maxRows, sample: sampleRows, columns: ofText, numbered, ids: maxIds },
        instead,
      });
    }
    this.#groups.set(key, group);
    return group;
  }

  /** The sink of a group, set to a part. */
  async #sink(
    kind: Group['kind'],
    columns: string[],
    part: number,
    notes: SourceNotes,
    how?: { ids?: readonly string[] | undefined; instead?: RecordSink | undefined },
  ): Promise<RecordSink> {
    const { sink } = await this.#group(kind, columns, part, notes, how);
    sink!.part = part;
    return sink!;
  }

  async #addText(part: number, format: Format, head: Buffer, bytes: AsyncIterable<Buffer>): Promise<void> {
    const file = this.#parts[part]!;
    const encoding = encodingOf(head, this.#options.encoding);
    const beginning = await peek(asUtf8(only(head), encoding), headBytes * 3);
    const text = beginning.head.toString();
    const utf8 = asUtf8(bytes, encoding);
    const notes: SourceNotes = { format, encoding: encoding.name, ...(!encoding.known && { guessed: true }) };
    if (format === 'csv' || format === 'tsv') {
      const asked = { ...this.#options.knownText?.(file, text), ...defined(this.#options) };
      const dialect = dialectOf(text, asked, format === 'tsv' ? '\t' : ',');
      notes.delimiter = dialect.delimiter.toString();
      const guessed = !encoding.known && encoding.name === 'utf-8';
      const lines = withoutPreamble(utf8, dialect);
      // Until the header is read there is nothing to put into a sink.
      const waiting = await RecordSink.open(
        ...(['clean', 'rejects'].map((end) => path.join(this.#workspace.folder, `header.${end}`)) as [string, string]),
      );
      await using _ = waiting;
      const idsOf = (columns: string[]) => this.#options.idColumns?.(columns, file);
      let instead: RecordSink | undefined = waiting;
      const open = async (columns: string[]) => {
        const sink = await this.#sink('delimited', columns, part, notes, { ids: idsOf(columns), instead });
        // Its bytes are another sink's now.
        instead = undefined;
        return sink;
      };
      const read = await siftDelimited(lines, { file, dialect, guessed }, waiting, open);
      if (read.windows1252) notes.encoding = 'windows-1252';
      return;
    }
    const envelope = format === 'xml' || this.#options.format === 'jsonl' ? undefined : envelopeOf(text);
    if (envelope) notes.within = envelope.path.join('.');
    const sink = await this.#sink('json', format === 'xml' ? ['xml'] : firstKeys(text), part, notes);
    if (format === 'xml') await siftXml(utf8, file, sink);
    else if (envelope) await siftJsonDocuments(utf8, sink, envelope);
    else if (format === 'jsonl' && isJsonLines(text)) await siftJsonLines(utf8, sink);
    else await siftJsonDocuments(utf8, sink);
  }

  async #addWorkbook(part: number, path: string): Promise<void> {
    const { sheet, header, columns, bounds } = this.#options;
    const notes: SourceNotes = { format: 'xlsx' };
    const open = (names: string[]) => this.#sink('delimited', names, part, notes);
    const given = header === false ? columns : undefined;
    const read = await siftWorkbook(path, { file: this.#parts[part]!, sheet, columns: given, bounds }, open);
    notes.sheet = sheet ?? read.sheets[0]!;
  }

  async #addParquet(part: number, link: string): Promise<void> {
    const described = await parquetSource.describe(this.#workspace, link, this.#parts[part]!);
    const group = await this.#group('parquet', described, part, { format: 'parquet' });
    group.links.set(part, link);
  }

  /** Closes the files that records were written to. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { sink } of this.#groups.values()) await sink?.[Symbol.asyncDispose]();
  }

  async sources(location: string): Promise<Source[]> {
    await this[Symbol.asyncDispose]();
    const sources: Source[] = [];
    for (const [at, group] of [...this.#groups.values()].entries()) {
      const { notes, rejects, clean } = group;
      const files = [...group.parts].map((part) => this.#parts[part]!);
      const unreadable = group.sink?.rejected ?? 0;
      const about = { parts: this.#parts, files, view: `source_${this.#table}_${at}`, notes, unreadable };
      if (unreadable > 0 && existsSync(rejects)) {
        await this.#workspace.run(
          `INSERT INTO ${rejected} SELECT ${partOf(`part * ${4096 * 2 ** 32}`, about)}, line, '', reason, excerpt, NULL FROM ` +
            readClean([rejects], ['part', 'line', 'reason', 'excerpt'], ['BIGINT', 'BIGINT', 'VARCHAR', 'VARCHAR']),
        );
      }
      if (group.kind === 'delimited') sources.push(delimitedSource(this.#workspace, about, group));
      else if (group.kind === 'json') sources.push(await jsonSource(this.#workspace, about, clean));
      else sources.push(await parquetSource.open(this.#workspace, about, group.links));
    }
    if (sources.length === 0) {
      const what =
        this.#empty === undefined ? 'there is nothing in this.' : 'this file is empty: it has no header line.';
      throw new DuetError('bad-input', what, { where: { file: this.#empty ?? location } });
    }
    return sources;
  }
}

/** Reading that ends where a sample has been taken. */
async function sampled(reading: Promise<void>): Promise<void> {
  await reading.catch((error: unknown) => {
    if (!(error instanceof SampleTaken)) throw error;
  });
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

const defined = ({ delimiter, header, columns }: TextOptions): TextOptions =>
  Object.fromEntries(Object.entries({ delimiter, header, columns }).filter(([, value]) => value !== undefined));

/** Whether a file lies on the disk as it is read: without a compression around it. */
async function isSame(input: Input, head: Buffer): Promise<boolean> {
  const { head: stored } = await peek(input.open(), 16);
  return stored.equals(head.subarray(0, stored.length));
}

/** Text without what comes before its header, its lines ended by line feeds. */
async function* withoutPreamble(bytes: AsyncIterable<Buffer>, dialect: Dialect): AsyncGenerator<Buffer> {
  let left = dialect.skipBytes;
  for await (const chunk of bytes) {
    const rest = left > 0 ? chunk.subarray(left) : chunk;
    left = Math.max(0, left - chunk.length);
    if (dialect.carriageReturns) for (let at = 0; at < rest.length; at++) if (rest[at] === 0x0d) rest[at] = 0x0a;
    yield rest;
  }
}

/** The keys of the first object: files of one export have the same, or nearly. */
function firstKeys(text: string): string[] {
  const first = text.trimStart().split('\n', 1)[0]!;
  try {
    return Object.keys(JSON.parse(first)).slice(0, 1);
  } catch {
    return ['json'];
  }
}
