import type { RecordSink } from '../text/sink.ts';
import { present } from '../values/missing.ts';
import type { Workspace } from '../workspace.ts';
import { readClean, rowNumber, type Source, type SourceAbout } from './source.ts';

/** A source of the records that were sifted from delimited text or a workbook. */
export function delimitedSource(
  workspace: Workspace,
  about: SourceAbout,
  { clean, columns, sink }: { clean: string; columns: string[]; sink?: RecordSink },
): Source {
  const names = columns.map((_, i) => `c${i + 1}`);
  const types = ['BIGINT', 'BIGINT', ...names.map(() => 'VARCHAR')];
  const facts = sink?.facts;
  const open = async (): Promise<void> => {
    await workspace.run(
      `CREATE OR REPLACE VIEW ${about.view} AS
       SELECT ${rowNumber('part', 'line')} AS _row, NULL::VARCHAR AS _broken, NULL::VARCHAR AS _excerpt,
         ${names.map((name, i) => (facts?.[i]?.isClean ? name : `${present(name)} AS ${name}`))}
       FROM ${readClean([clean], ['part', 'line', ...names], types)}`,
    );
  };
  return { ...about, columns, arrays: [], open, factsOf: (name) => facts?.[columns.indexOf(name)] };
}
