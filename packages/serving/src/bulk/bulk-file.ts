import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, type Progress } from '@duet/base';
import { csvLine, csvToParquet } from '@duet/datasets';
import { z } from 'zod';
import type { Serving } from '../serving.ts';
import { type BulkFormat, type BulkKind, bulkFormats } from './bulk-order.ts';
import type { BulkList, BulkMaker, BulkRequest } from './everybody.ts';

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
  sources: Record<'model' | 'popular', number>;
  modelId: string | null;
  indexId: string | null;
}

const checkpoint = z.object({
  /** What the lists are made of, and how: another is another file. */
  run: z.string(),
  /** Lists that are in the file. */
  lists: z.number(),
  rows: z.number(),
  /** Bytes of the file that hold them. */
  bytes: z.number(),
  sources: z.object({ model: z.number(), popular: z.number() }),
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

const columnsOf = (of: BulkKind): readonly [string, ...string[]] =>
  of === 'users'
    ? ['user_id', 'rank', 'item_id', 'score', 'source']
    : ['item_id', 'rank', 'similar_item_id', 'score', 'source'];

/** Six digits, as a score's Float32 has some seven. */
const digits = (score: number): number => Number(score.toPrecision(6));

function textOf(lists: readonly BulkList[], of: BulkKind, format: BulkFormat): string {
  let text = '';
  for (const { id, source, items } of lists) {
    if (format === 'jsonl') {
      const name = of === 'users' ? 'userId' : 'itemId';
      const shown = items.map(({ itemId, score }) => ({ itemId, score: digits(score) }));
      text += `${JSON.stringify({ [name]: id, source, items: shown })}\n`;
      continue;
    }
    let rank = 0;
    for (const { itemId, score } of items) text += csvLine([id, ++rank, itemId, digits(score), source]);
  }
  return text;
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
  let done: Checkpoint = begun ?? { run, lists: 0, rows: 0, bytes: 0, sources: { model: 0, popular: 0 } };
  await file.truncate(done.bytes);
  const append = async (text: string): Promise<number> => {
    const bytes = Buffer.from(text);
    await file.write(bytes, 0, bytes.length, done.bytes);
    return done.bytes + bytes.length;
  };
  if (done.bytes === 0 && format !== 'jsonl') done = { ...done, bytes: await append(csvLine(columnsOf(of))) };
  let noted = Date.now();
  const step = of === 'users' ? 'recommend to users' : 'list similar items';
  const report = () => progress({ step, done: done.lists, total: maker.ids.length, unit: of });
  const make = (from: number) => (from < maker.ids.length ? maker.lists(from, from + batch) : Promise.resolve([]));
  let next = make(done.lists);
  while (done.lists < maker.ids.length) {
    signal?.throwIfAborted();
    const lists = await next;
    // The next batch is searched for while this one is written.
    next = make(done.lists + batch);
    next.catch(() => {}); // It is awaited in the next turn.
    const bytes = await append(textOf(lists, of, format));
    const sources = { ...done.sources };
    for (const { source } of lists) sources[source] += 1;
    const rows = lists.reduce((sum, { items }) => sum + items.length, done.rows);
    done = { run, lists: done.lists + lists.length, rows, bytes, sources };
    report();
    if (Date.now() - noted < noteMs) continue;
    await keepNote(file, note, done);
    noted = Date.now();
  }
  await file.sync();
  return done;
}

/** The note may say no more than what the disk holds. */
async function keepNote(file: FileHandle, note: string, done: Checkpoint): Promise<void> {
  await file.sync();
  await writeFile(`${note}.new`, JSON.stringify(done));
  await rename(`${note}.new`, note);
}
