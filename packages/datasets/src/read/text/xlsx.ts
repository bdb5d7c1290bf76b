import { DuetError } from '@duet/base';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import type { Bounds } from '../containers/bounds.ts';
import { type ZipEntry, zipEntries } from '../containers/zip.ts';
import { headerNames } from './delimited.ts';
import type { RecordSink } from './sink.ts';

interface Handlers {
  open?: (tag: SaxesTagPlain) => void;
  text?: (text: string) => void;
  close?: (name: string) => void;
}

/** Parses one part of the workbook; `afterChunk` may wait. */
async function parse(entry: ZipEntry | undefined, handlers: Handlers, afterChunk = async () => {}): Promise<void> {
  if (entry === undefined) return;
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => handlers.open?.(tag as SaxesTagPlain));
  parser.on('text', (text) => handlers.text?.(text));
  parser.on('closetag', ({ name }) => handlers.close?.(name));
  const decoder = new TextDecoder();
  for await (const chunk of entry.open()) {
    parser.write(decoder.decode(chunk, { stream: true }));
    await afterChunk();
  }
  parser.write(decoder.decode()).close();
  await afterChunk();
}

/** Texts that cells name by their place. */
async function sharedStrings(entry: ZipEntry | undefined): Promise<string[]> {
  const strings: string[] = [];
  let text: string | undefined;
  let isText = false;
  await parse(entry, {
    open: ({ name }) => {
      if (name === 'si') text = '';
      isText = name === 't';
    },
    text: (more) => {
      if (isText && text !== undefined) text += more;
    },
    close: (name) => {
      if (name === 'si') strings.push(text ?? '');
      isText = false;
    },
  });
  return strings;
}

/** Styles of cells that show a date: their number is Excel's serial of a day. */
async function dateStyles(entry: ZipEntry | undefined): Promise<Set<number>> {
  const builtIn = (id: number): boolean => (id >= 14 && id <= 22) || (id >= 45 && id <= 47);
  const formats = new Map<number, string>();
  const dates = new Set<number>();
  let inCells = false;
  let style = 0;
  await parse(entry, {
    open: ({ name, attributes }) => {
      if (name === 'numFmt') formats.set(Number(attributes.numFmtId), String(attributes.formatCode));
      if (name === 'cellXfs') inCells = true;
      if (name !== 'xf' || !inCells) return;
      const id = Number(attributes.numFmtId);
      // Letters of a date outside of quotes and brackets.
      const code = (formats.get(id) ?? '').replace(/"[^"]*"|\[[^\]]*\]|\\./g, '');
      if (builtIn(id) || /[ydh]/i.test(code)) dates.add(style);
      style++;
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return dates;
}

/** Files of the sheets by name, in the workbook's order. */
async function sheetFiles(entries: Map<string, ZipEntry>): Promise<Map<string, string>> {
  const ids: [string, string][] = [];
  const targets = new Map<string, string>();
  await parse(entries.get('xl/workbook.xml'), {
    open: ({ name, attributes }) => {
      if (name === 'sheet') ids.push([String(attributes.name), String(attributes['r:id'])]);
    },
  });
  await parse(entries.get('xl/_rels/workbook.xml.rels'), {
    open: ({ name, attributes }) => {
      if (name === 'Relationship')
        targets.set(String(attributes.Id), String(attributes.Target).replace(/^\/?(xl\/)?/, 'xl/'));
    },
  });
  return new Map(ids.map(([name, id]) => [name, targets.get(id) ?? '']));
}

/** 'BC12' → 54: the column of a cell, from 0. */
const columnOf = (cell: string): number =>
  [...(/^[A-Z]+/.exec(cell)?.[0] ?? 'A')].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;

/** Excel's serial as ISO 8601. */
function fromSerial(serial: number): string {
  const date = new Date(Math.round((serial - 25_569) * 86_400) * 1000);
  if (Number.isNaN(date.getTime())) return String(serial);
  return date
    .toISOString()
    .replace('T', ' ')
    .replace('.000Z', '')
    .replace(/ 00:00:00$/, '');
}

interface WorkbookOptions {
  /** What messages call it. */
  file: string;
  sheet?: string | undefined;
  columns?: readonly string[] | undefined;
  /** Of what is unpacked. */
  bounds: Bounds;
}

/**
 * Copies the rows of a workbook's sheet to a sink: dates in ISO 8601, all else as the cell holds it.
 *
 * @param sheet Its name; the first by default.
 * @returns the header's names and those of all sheets
 * @throws DuetError `corrupt`, or `bad-input` naming the sheets
 */
export async function siftWorkbook(
  path: string,
  { file, sheet, columns, bounds }: WorkbookOptions,
  open: (names: string[]) => Promise<RecordSink>,
): Promise<{ columns: string[]; sheets: string[] }> {
  const entries = new Map<string, ZipEntry>();
  for await (const entry of zipEntries(path, file)) {
    const unpacked = () => bounds.pass(file, entry.open(), () => entry.compressed);
    entries.set(entry.name, { ...entry, open: unpacked });
  }
  try {
    const sheets = await sheetFiles(entries);
    const target = sheet === undefined ? [...sheets.values()][0] : sheets.get(sheet);
    const part = entries.get(target ?? '');
    if (part === undefined) {
      throw new DuetError('bad-input', `there is no sheet "${sheet ?? ''}" in this workbook.`, {
        where: { file },
        fix: `It has ${[...sheets.keys()].map((name) => `"${name}"`).join(', ')}.`,
      });
    }
    const strings = await sharedStrings(entries.get('xl/sharedStrings.xml'));
    const dates = await dateStyles(entries.get('xl/styles.xml'));
    const names = await siftSheet(part, { strings, dates, columns }, open);
    if (names === undefined) {
      throw new DuetError('bad-input', 'this sheet is empty: it has no header line.', { where: { file } });
    }
    return { columns: names, sheets: [...sheets.keys()] };
  } catch (cause) {
    if (cause instanceof DuetError) throw cause;
    throw new DuetError('corrupt', `this workbook cannot be read: ${(cause as Error).message}.`, {
      where: { file },
      cause,
    });
  }
}

async function siftSheet(
  part: ZipEntry,
  { strings, dates, columns }: { strings: string[]; dates: Set<number>; columns?: readonly string[] | undefined },
  open: (names: string[]) => Promise<RecordSink>,
): Promise<string[] | undefined> {
  let names = columns && [...columns];
  let sink = names && (await open(names));
  const rows: { line: number; cells: string[] }[] = [];
  let row: { line: number; cells: string[] } = { line: 0, cells: [] };
  let cell = { column: 0, type: '', style: 0, text: '' };
  let inValue = false;
  const handlers: Handlers = {
    open: ({ name, attributes }) => {
      if (name === 'row') row = { line: Number(attributes.r) || row.line + 1, cells: [] };
      if (name === 'c') {
        const column = attributes.r === undefined ? row.cells.length : columnOf(String(attributes.r));
        cell = { column, type: String(attributes.t ?? ''), style: Number(attributes.s ?? 0), text: '' };
      }
      inValue = name === 'v' || name === 't';
    },
    text: (text) => {
      if (inValue) cell.text += text;
    },
    close: (name) => {
      inValue = false;
      if (name === 'c' && cell.column < 16_384) {
        const { type, text } = cell;
        let value = type === 's' ? (strings[Number(text)] ?? '') : type === 'e' ? '' : text;
        if (type === 'b') value = text === '1' ? 'true' : 'false';
        if (type === '' && text !== '' && dates.has(cell.style)) value = fromSerial(Number(text));
        row.cells[cell.column] = value;
      }
      if (name === 'row') rows.push(row);
    },
  };
  await parse(part, handlers, async () => {
    for (const { line, cells } of rows.splice(0)) {
      const texts = Array.from(cells, (text) => text ?? '');
      if (texts.every((text) => text.trim() === '')) continue;
      if (names === undefined) {
        names = headerNames(texts);
        sink = await open(names);
        continue;
      }
      const { length } = names;
      const extra = texts.slice(length).some((text) => text !== '');
      if (extra)
        sink!.reject(line, 'wrong number of fields', `${texts.length} instead of ${length}: ${texts.join(' ')}`);
      else
        await sink!.write(
          line,
          Array.from({ length }, (_, i) => texts[i] ?? ''),
        );
    }
    await sink?.flushFull();
  });
  return names;
}
