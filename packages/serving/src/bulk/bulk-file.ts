import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, type Progress } from '@duet/base';
import { csvLine, csvToParquet } from '@duet/datasets';
import { z } from 'zod';
import { type AnswerSource, answerSources } from '../answered-by.ts';
import type { Serving } from '../serving.ts';
import { type BulkFormat, type BulkKind, bulkFormats } from './bulk-order.ts';
import type { BulkLists, BulkRequest } from './collected.ts';
import type { BulkMaker } from './everybody.ts';
import { columnsOf, textWriter } from './list-text.ts';

export interface BulkOptions {
  /** The file that is made; beside it lies what a cut run goes on from. */
  out: string;
  /** By the file's name where it is not said. */
  format?: BulkFormat | undefined;
  progress: Progress;
  signal?: AbortSignal | undefined;
  /** Lists that are made at once: enough to fill the calls of the tower and of the index. */
  batch?: number;
  /** Time between two notes of how far a run is. */
  noteMs?: number;
}

export interface BulkAnswer {
  out: string;
  format: BulkFormat;
  /** Lists, one of each user or item. */
  lists: number;
  rows: number;
  /** Lists that a run before this one had made. */
  resumed: number;
  /** Lists by what made them. */
  sources: Record<AnswerSource, number>;
  modelId: string | null;
  indexId: string | null;
}

/** Batches that are made at once: one is encoded or ordered while the others are searched for. */
const batchesUnderWay = 3;

const checkpoint = z.object({
  /** What the lists are made of, and how: another is another file. */
  run: z.string(),
  /** Lists that are in the file. */
  lists: z.number(),
  rows: z.number(),
  /** Bytes of the file that hold them. */
  bytes: z.number(),
  sources: z.record(z.enum(answerSources), z.number()),
});
type Checkpoint = z.infer<typeof checkpoint>;

/** @throws DuetError `bad-input` for a name that says no format */
export function bulkFormatOf(out: string): BulkFormat {
  const format = bulkFormats.find((one) => out.toLowerCase().endsWith(`.${one}`));
  if (format !== undefined) return format;
  throw new DuetError('bad-input', `${path.basename(out)} names no format.`, {
    where: { field: 'out' },
    fix: `End it in ${bulkFormats.map((one) => `.${one}`).join(', ')}.`,
  });
}

/**
 * Writes the list of every user, or the items most like every item, into a file: as CSV or Parquet a row an item of a
 * list, as JSON lines a line a list. It appears under its name when it is whole. A run that was cut goes on where it
 * was, if the same model, index, snapshot and request make it; memory holds one batch.
 */
export function writeBulk(
  serving: Pick<Serving, 'bulk'>,
  request: BulkRequest,
  { out, format = bulkFormatOf(out), progress, signal, batch = 512, noteMs = 2_000 }: BulkOptions,
): Promise<BulkAnswer> {
  return serving.bulk(request, async (maker) => {
    const file = path.resolve(out);
    await mkdir(path.dirname(file), { recursive: true });
    const partial = `${file}.partial`;
    const note = `${file}.progress.json`;
    const run = JSON.stringify({ ...maker.by, format, request });
    const begun = await readNote(note, run);
    const every = { batch, noteMs };
    const done = await writeLists(maker, {
      partial,
      note,
      run,
      begun,
      of: request.of,
      format,
      progress,
      signal,
      every,
    });
    if (format === 'parquet') {
      const types = ['VARCHAR', 'INTEGER', 'VARCHAR', 'FLOAT', 'VARCHAR'];
      const columns = Object.fromEntries(columnsOf(request.of).map((name, at) => [name, types[at]!]));
      await csvToParquet(partial, file, columns, { progress, signal });
      await rm(partial);
    } else await rename(partial, file);
    await rm(note, { force: true });
    const { lists, rows, sources } = done;
    const { modelId, indexId } = maker.by;
    return { out: file, format, lists, rows, resumed: begun?.lists ?? 0, sources, modelId, indexId };
  });
}

/** How far a run of the same was; undefined where there was none, or its note cannot be read. */
async function readNote(note: string, run: string): Promise<Checkpoint | undefined> {
  const text = await readFile(note, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const parsed = checkpoint.parse(JSON.parse(text));
    return parsed.run === run ? parsed : undefined;
  } catch {
    return undefined; // Half a note, or an older Duet's: the run begins anew.
  }
}

interface Writing {
  partial: string;
  note: string;
  run: string;
  begun: Checkpoint | undefined;
  of: BulkKind;
  format: BulkFormat;
  progress: Progress;
  signal: AbortSignal | undefined;
  every: { batch: number; noteMs: number };
}

async function writeLists(maker: BulkMaker, writing: Writing): Promise<Checkpoint> {
  const { partial, note, run, begun, of, format, progress, signal } = writing;
  const { batch, noteMs } = writing.every;
  await using file = await open(partial, begun === undefined ? 'w' : 'r+');
  const nothing = { run, lists: 0, rows: 0, bytes: 0, sources: { model: 0, popular: 0, bought: 0 } };
  let done: Checkpoint = begun ?? nothing;
  await file.truncate(done.bytes);
  const append = async (bytes: Buffer): Promise<number> => {
    await file.write(bytes, 0, bytes.length, done.bytes);
    return done.bytes + bytes.length;
  };
  if (done.bytes === 0 && format !== 'jsonl')
    done = { ...done, bytes: await append(Buffer.from(csvLine(columnsOf(of)))) };
  const textOf = textWriter(maker, of, format);
  let noted = Date.now();
  const step = of === 'users' ? 'recommend to users' : 'list similar items';
  for await (const lists of batchesAhead(maker, done.lists, batch)) {
    signal?.throwIfAborted();
    const bytes = await append(textOf(lists));
    const sources = { ...done.sources };
    for (const source of lists.sources) sources[source] += 1;
    done = { run, lists: done.lists + lists.ids.length, rows: done.rows + lists.start.at(-1)!, bytes, sources };
    progress({ step, done: done.lists, total: maker.ids.length, unit: of });
    if (Date.now() - noted < noteMs) continue;
    await keepNote(file, note, done);
    noted = Date.now();
  }
  await file.sync();
  return done;
}

/** Lists in order, batch by batch: while one is written, others are searched for. */
async function* batchesAhead(maker: BulkMaker, from: number, batch: number): AsyncGenerator<BulkLists> {
  const underWay: Promise<BulkLists>[] = [];
  for (let next = from; next < maker.ids.length || underWay.length > 0; ) {
    while (underWay.length < batchesUnderWay && next < maker.ids.length) {
      const lists = maker.lists(next, next + batch);
      lists.catch(() => {}); // It is awaited in its turn.
      underWay.push(lists);
      next += batch;
    }
    yield await underWay.shift()!;
  }
}

/** The note may say no more than what the disk holds. */
async function keepNote(file: FileHandle, note: string, done: Checkpoint): Promise<void> {
  await file.sync();
  await writeFile(`${note}.new`, JSON.stringify(done));
  await rename(`${note}.new`, note);
}
