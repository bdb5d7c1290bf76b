import type { RecordSink } from '../text/sink.ts';
import { present } from '../values/missing.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { readClean, rowNumber, type Source, type SourceAbout } from './source.ts';

/**
 * Makes the table of what a column's numbers stand for: `number`, its `text`, the `id` that this is however its accents
 * are composed, and the number that is the `same` for all texts of an id.
 */
async function readDictionary(workspace: Workspace, table: string, file: string, isPlain: boolean): Promise<void> {
  const texts = readClean([file], ['number', 'text'], ['INTEGER', 'VARCHAR']);
  await workspace.run(
    isPlain
      ? `CREATE OR REPLACE TABLE ${table} AS SELECT number, text, text AS id, number AS same FROM ${texts}`
      : `CREATE OR REPLACE TABLE ${table} AS
         SELECT number, text, id, CASE WHEN id IS NOT NULL THEN min(number) OVER (PARTITION BY id) END AS same
         FROM (SELECT number, text, nfc_normalize(text) AS id FROM (SELECT number, ${present('text')} AS text FROM ${texts}))`,
  );
}

/** A source of the records that were sifted from delimited text or a workbook. */
export function delimitedSource(
  workspace: Workspace,
  about: SourceAbout,
  { clean, columns, sink }: { clean: string; columns: string[]; sink?: RecordSink },
): Source {
  const known = sink?.columns;
  const names = columns.map((_, i) => `c${i + 1}`);
  const isNumbered = (i: number): boolean => known?.[i]?.dictionary !== undefined;
  const dictionaryOf = (i: number): string => `${about.view}_ids_${i + 1}`;
  const types = ['BIGINT', 'BIGINT', ...names.map((_, i) => (isNumbered(i) ? 'INTEGER' : 'VARCHAR'))];
  const open = async (): Promise<void> => {
    const selects: string[] = [];
    for (const [i, name] of names.entries()) {
      const file = await sink?.writeDictionary(i);
      if (file === undefined) {
        selects.push(known?.[i]?.facts.isClean ? name : `${present(name)} AS ${name}`);
        continue;
      }
      const { isClean, isAscii } = known![i]!.facts;
      const isPlain = isClean && isAscii;
      await readDictionary(workspace, dictionaryOf(i), file, isPlain);
      // A join might be made the wrong way round: DuckDB does not know how many rows the text has.
      const of = (value: string) => `(SELECT list(${value} ORDER BY number) FROM ${dictionaryOf(i)})[${name} + 1]`;
      selects.push(`${of('text')} AS ${name}`, `${isPlain ? name : of('same')} AS n${i + 1}`);
    }
    await workspace.run(
      `CREATE OR REPLACE VIEW ${about.view} AS
       SELECT ${rowNumber('part', 'line')} AS _row, NULL::VARCHAR AS _broken, NULL::VARCHAR AS _excerpt, ${selects}
       FROM (FROM ${readClean([clean], ['part', 'line', ...names], types)})`,
    );
  };
  return {
    ...about,
    columns,
    arrays: [],
    open,
    factsOf: (name) => known?.[columns.indexOf(name)]?.facts,
    numbersOf: (name) => {
      const i = columns.indexOf(name);
      return isNumbered(i) ? { column: `n${i + 1}`, ids: dictionaryOf(i) } : undefined;
    },
    records: sink?.accepted,
    isSound: true,
  };
}
