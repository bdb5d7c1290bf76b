import type { ColumnFacts } from '../text/column-facts.ts';
import { literal } from '../workspace/workspace.ts';

/**
 * Files that can be queried as one: a view of their columns as text, named c1, c2, …, beside `_row`, and of a record
 * that cannot be read what is wrong (`_broken`) and its beginning (`_excerpt`).
 */
export interface Source {
  /** What messages call the files, by their place in `_row`. */
  parts: readonly string[];
  /** Those of them that hold these rows. */
  files: readonly string[];
  columns: string[];
  view: string;
  /** How the files are written, as the answer says it. */
  notes: SourceNotes;
  /** Records that could not be read at all; they are in `rejected`, and not in the view. */
  unreadable: number;
  /**
   * Arrays of objects by the name of their column, such as `items[]`: each of their objects may be a row of its own.
   */
  arrays: readonly string[];
  /** What the fields of one of the columns are like, where that is known without a look at the rows. */
  factsOf?: (column: string) => ColumnFacts | undefined;
  /** Of a column whose texts are numbered, what the view calls the numbers, and the table of what they stand for. */
  numbersOf?: (column: string) => Numbers | undefined;
  /** Records that are to be read; undefined where that is not known. */
  records?: number | undefined;
  /** Whether every record of the view can be read. */
  isSound?: boolean;
  /** Whether no two records can be equal in all columns. */
  allDiffer?: boolean;
  /** Makes the view, with a row for each object of one of the arrays. */
  open(array?: string): Promise<void>;
}

/** A column of numbers in a source's view, and the table with the columns `number` and `id`, which says what each is. */
export interface Numbers {
  column: string;
  ids: string;
}

/** What a source is made with. */
export type SourceAbout = Pick<Source, 'parts' | 'files' | 'view' | 'notes' | 'unreadable'>;

export interface SourceNotes {
  format: string;
  delimiter?: string;
  encoding?: string;
  /** Whether the encoding is a guess. */
  guessed?: boolean;
  sheet?: string;
  /** Of one JSON object around all records: the keys that lead to them, `data.items`. */
  within?: string;
}

/** Bits of a row's number: 12 of its element, 32 of its line, the rest of its part. */
const elements = 4096;
const lines = 4096 * 2 ** 32;

/** SQL for the number of a row: its part, its line and, of an array that is spread over rows, its element. */
export const rowNumber = (part: string, line: string, element = '0'): string =>
  `((${part})::BIGINT * ${lines} + (${line})::BIGINT * ${elements} + least(${element}, ${elements - 1}))`;

/** SQL for a row's line. */
export const lineOf = (row: string): string => `((${row} // ${elements}) % ${2 ** 32})`;

/** SQL for the name of a row's file. */
export const partOf = (row: string, { parts }: Pick<Source, 'parts'>): string =>
  parts.length === 1 ? literal(parts[0]!) : `([${parts.map(literal)}])[(${row} // ${lines})::INTEGER + 1]`;

/** Name in the source's view of a file's column; a NULL where the file has none for the purpose. */
export const columnOf = (source: Pick<Source, 'columns'>, name: string | undefined): string => {
  const place = name === undefined ? -1 : source.columns.indexOf(name);
  return place < 0 ? 'NULL::VARCHAR' : `c${place + 1}`;
};

/** SQL for reading what a sink has written. */
export const readClean = (files: readonly string[], columns: readonly string[], types: readonly string[]): string =>
  `read_csv([${files.map(literal)}], auto_detect = false, header = false, delim = '\x1f', quote = '', escape = '', ` +
  `strict_mode = false, max_line_size = 8388608, ` +
  `columns = {${columns.map((name, i) => `${literal(name)}: ${literal(types[i]!)}`)}})`;
