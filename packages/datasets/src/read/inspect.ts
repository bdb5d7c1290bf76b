import { DuetError } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import { type FormFile, plain, rolesOf, type TableName } from './forms/form.ts';
import { opener, type ReadContext } from './read.ts';
import { formsOf, locate } from './rows/located.ts';
import { assignRoles } from './rows/roles.ts';
import { rejected } from './workspace/tables.ts';
import type { Workspace } from './workspace/workspace.ts';

/** What a file may hold: `beside` is joined to another of its form. */
export type FileTable = TableName | 'beside';

/** What a file's beginning tells of it. */
export interface InspectedFile {
  file: string;
  format?: string;
  /** The known form that it has. */
  form?: string;
  /** What it most likely holds. */
  table?: FileTable;
  columns: string[];
  /** Why it cannot be read. */
  problem?: string;
}

const tables = Object.keys(rolesOf) as TableName[];

/** Column names that only events and orders have. */
const ofEvents = ['timestamp', 'quantity', 'event', 'eventtype', 'orderid', 'rating', 'invoicedate', 'orderdate'];

/** What the columns of a file of no known form tell: who with what is an interaction, a thing alone an item. */
function tableOf(columns: readonly string[], file: string, settings: ImportSettings): TableName | undefined {
  // What is named for the one file of interactions says nothing of the others.
  const unnamed = { ...settings, columns: {}, itemColumns: {}, userColumns: {}, eventWeights: undefined, context: [] };
  const fits = tables.filter((table) => {
    try {
      return Boolean(assignRoles(unnamed, table, { columns, file }));
    } catch {
      return false;
    }
  });
  if (!fits.includes('interactions') && columns.some((column) => ofEvents.includes(plain(column)))) {
    return 'interactions';
  }
  return fits[0];
}

/** Opens files and says what each of them holds. */
export async function inspect(
  workspace: Workspace,
  files: readonly string[],
  settings: ImportSettings,
  ctx: ReadContext,
): Promise<InspectedFile[]> {
  await workspace.create(rejected);
  const forms = await formsOf(settings);
  const open = opener(workspace, settings, ctx, forms);
  const inspected: InspectedFile[] = [];
  for (const [at, file] of files.entries()) {
    try {
      const { found } = await locate((_, location) => open(`file_${at}`, location), 'interactions', file, forms);
      // An archive may hold several: it is taken for what its first file of a form is.
      const { source, form, file: formed } = found.find((one) => one.file?.table) ?? found[0]!;
      const table = formed === undefined ? tableOf(source.columns, file, settings) : formedTable(formed);
      inspected.push({
        file,
        format: source.notes.format,
        ...(form && { form: form.name }),
        ...(table && { table }),
        columns: [...new Set(found.flatMap((one) => one.source.columns))],
      });
    } catch (error) {
      if (!(error instanceof DuetError)) throw error;
      inspected.push({ file, columns: [], problem: error.what });
    }
  }
  return inspected;
}

const formedTable = ({ table }: FormFile): FileTable => table ?? 'beside';
