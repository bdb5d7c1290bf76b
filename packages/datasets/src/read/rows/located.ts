import type { ImportSettings } from '../../request.ts';
import { type Form, type FormFile, knownForms, readForm, recognise, type TableName } from '../forms/form.ts';
import type { Source } from '../source/source.ts';
import { assignRoles } from './roles.ts';

/** Opens a location's files; `table` names their views. */
export type OpenFiles = (table: string, location: string) => Promise<Source[]>;

interface Found {
  source: Source;
  form?: Form;
  file?: FormFile;
}

/** Everything that a location holds, each set of files with the form that it has. */
export interface Located {
  location: string;
  found: Found[];
}

/** The forms that are looked for: the one that is named, or all. */
export const formsOf = async ({ as }: ImportSettings): Promise<readonly Form[]> =>
  as === undefined ? knownForms() : as === 'none' ? [] : [await readForm(as)];

/** Opens a location and recognises what it holds. */
export async function locate(
  open: OpenFiles,
  table: TableName,
  location: string,
  forms: readonly Form[],
): Promise<Located> {
  const sources = await open(table, location);
  return {
    location,
    found: sources.map((source) => ({
      source,
      ...recognise(forms, {
        columns: source.columns,
        file: source.files[0]!,
        isEmpty: (column) => source.factsOf?.(column)?.isEmpty ?? false,
      }),
    })),
  };
}

/** The files of a location that hold a table: by their form, else by their columns, else all. */
export function filesOf({ found, location }: Located, table: TableName, settings: ImportSettings): Found[] {
  const formed = found.filter(({ file }) => file?.table === table);
  if (formed.length > 0) return formed.filter(({ file }) => file === formed[0]!.file);
  if (found.length === 1) return found.map(({ source }) => ({ source }));
  const usable = found.filter(({ source }) => {
    try {
      return Boolean(assignRoles(settings, table, { columns: source.columns, file: location }));
    } catch {
      return false;
    }
  });
  return (usable.length > 0 ? usable : found.slice(0, 1)).map(({ source }) => ({ source }));
}
