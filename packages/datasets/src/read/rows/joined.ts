import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import type { ImportSettings } from '../../request.ts';
import { isLocal } from '../containers/inputs.ts';
import { columnNamed, type Form, type FormFile, recognise, type TableName } from '../forms/form.ts';
import { columnOf, type Source } from '../source/source.ts';
import { literal, type Workspace } from '../workspace/workspace.ts';
import { filesOf, type Located, type OpenFiles } from './located.ts';
import { assignRoles, type Roles } from './roles.ts';

/** Files with different columns as one source: the columns of all. */
async function united(workspace: Workspace, table: string, sources: Source[]): Promise<Source> {
  const [first] = sources;
  if (sources.length === 1) return first!;
  const columns = [...new Set(sources.flatMap((source) => source.columns))];
  const view = `united_${table}`;
  return {
    ...first!,
    files: [...new Set(sources.flatMap(({ files }) => files))],
    columns,
    view,
    arrays: [...new Set(sources.flatMap(({ arrays }) => arrays))],
    factsOf: () => undefined,
    numbersOf: () => undefined,
    isSound: sources.every(({ isSound }) => isSound),
    records: sources.reduce<number | undefined>((sum, { records }) => records && sum && sum + records, 1),
    unreadable: sources.reduce((sum, { unreadable }) => sum + unreadable, 0),
    open: async (array) => {
      for (const source of sources) await source.open(source.arrays.includes(array ?? '') ? array : undefined);
      const selects = sources.map(
        (source) =>
          `SELECT _row, _broken, _excerpt, ${columns.map((name, i) => `${columnOf(source, name)} AS c${i + 1}`)} FROM ${source.view}`,
      );
      await workspace.run(`CREATE OR REPLACE VIEW ${view} AS ${selects.join(' UNION ALL ')}`);
    },
  };
}

/** The files of a form that another is joined to: in the same location, or beside it. */
async function companion(name: string, form: Form, located: Located, open: OpenFiles): Promise<Source> {
  const companionFile = form.files.find((file) => file.name === name);
  const here = located.found.find(({ file }) => file !== undefined && file === companionFile);
  if (here) return here.source;
  const folder = path.dirname(located.location);
  if (companionFile?.named && isLocal(located.location)) {
    const pattern = new RegExp(companionFile.named, 'i');
    for (const neighbour of await readdir(folder).catch(() => [])) {
      if (!pattern.test(neighbour)) continue;
      const [source] = await open(`joined_${name}`, path.join(folder, neighbour));
      if (source && recognise([{ ...form, files: [companionFile] }], { columns: source.columns, file: neighbour }))
        return source;
    }
  }
  throw new DuetError(
    'bad-input',
    `files of the form "${form.name}" need the file ${name} beside them, and it is not there.`,
    {
      where: { file: located.location },
      fix: `Put it there, or import the folder that has both. It has the columns ${companionFile?.has.join(', ')}.`,
    },
  );
}

/** A table's files with those that their form joins, under one view. */
export async function joined(
  workspace: Workspace,
  table: TableName,
  located: Located,
  settings: ImportSettings,
  open: OpenFiles,
): Promise<{ source: Source; roles: Roles; form: Form | undefined; file: FormFile | undefined }> {
  const files = filesOf(located, table, settings);
  const { form, file } = files[0]!;
  const main = await united(
    workspace,
    table,
    files.map(({ source }) => source),
  );
  const others: { source: Source; here: string; there: string }[] = [];
  for (const { file: name, on } of file?.join ?? []) {
    const [here, there] = typeof on === 'string' ? [on, on] : on;
    others.push({ source: await companion(name, form!, located, open), here, there });
  }
  const columns = [...main.columns];
  const views = others.map(({ source }) =>
    source.columns.filter((name) => !columns.includes(name) && columns.push(name)),
  );
  const spreads = file?.spread && columnNamed(main.columns, file.spread.column, file.aliases);
  const fields = spreads === undefined ? [] : file!.spread!.fields.filter((name) => !columns.includes(name));
  columns.push(...fields);
  const source: Source = { ...main, columns };
  const roles = assignRoles(settings, table, { columns, file: located.location, form: file });
  const arrays = Object.values(roles).flatMap((names) => names.flatMap((name) => /^(.+\[\])\./.exec(name)?.[1] ?? []));
  const spread = arrays.filter((array) => main.arrays.includes(array));
  // Of an array within another each innermost object is a row.
  await main.open(spread.find((array) => spread.some((other) => array.startsWith(`${other}.`))) ?? spread[0]);
  refuseObjects(main, roles, located.location);

  let select = `SELECT * FROM ${main.view}`;
  if (spreads !== undefined) {
    const text = columnOf(main, spreads);
    const field = (name: string) =>
      `nullif(regexp_extract(piece, ${literal(`(?:^|, )${name}: *(.*?)(?:, [A-Z][A-Za-z ]*: ?|$)`)}, 1), '') AS ${columnOf(source, name)}`;
    select = `SELECT * EXCLUDE (pieces, piece, place) REPLACE (_row + least(place, 4095) AS _row), ${fields.map(field)}
      FROM (SELECT *, unnest(pieces) AS piece, generate_subscripts(pieces, 1) - 1 AS place
        FROM (SELECT *, coalesce(string_split_regex(${text}, ${literal(file!.spread!.between)}), ['']) AS pieces FROM (${select})))`;
  }
  for (const [at, { source: other, here, there }] of others.entries()) {
    await other.open();
    const key = columnOf(other, columnNamed(other.columns, there));
    const added = views[at]!.map((name) => `other.${columnOf(other, name)} AS ${columnOf(source, name)}`);
    select = `SELECT rows.*${added.map((one) => `, ${one}`).join('')} FROM (${select}) rows
      LEFT JOIN (SELECT * FROM ${other.view} QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY _row DESC) = 1) other
      ON other.${key} = rows.${columnOf(source, columnNamed(columns, here))}`;
  }
  const filled = filledColumns(source, file);
  if (filled.length > 0) select = `SELECT * REPLACE (${filled}) FROM (${select})`;
  if (others.length + filled.length + fields.length > 0) {
    source.view = `rows_${table}`;
    await workspace.run(`CREATE OR REPLACE VIEW ${source.view} AS ${select}`);
  }
  return { source, roles, form, file };
}

/** SQL for the columns that only the first row of a group says, said by all. */
function filledColumns(source: Source, file: FormFile | undefined): string[] {
  const group = file?.fill && columnNamed(source.columns, file.fill.by, file.aliases);
  if (group === undefined) return [];
  return file!.fill!.columns.flatMap((name) => {
    const found = columnNamed(source.columns, name, file!.aliases);
    if (found === undefined) return [];
    const column = columnOf(source, found);
    return `coalesce(${column}, arg_min(${column}, _row) FILTER (${column} IS NOT NULL) OVER (PARTITION BY ${columnOf(source, group)})) AS ${column}`;
  });
}

/** @throws DuetError `bad-input` where the id of an item would be a piece of JSON */
function refuseObjects({ columns, arrays }: Source, { item = [] }: Roles, file: string): void {
  const [name] = item;
  if (name === undefined || !arrays.includes(`${name}[]`)) return;
  const within = columns.filter((column) => column.startsWith(`${name}[].`));
  throw new DuetError('bad-input', `"${name}" holds objects.`, {
    where: { file },
    fix: `Name one of ${within.join(', ')}.`,
  });
}
