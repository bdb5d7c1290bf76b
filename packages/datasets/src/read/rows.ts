import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import { isLocal } from './containers/inputs.ts';
import {
  columnNamed,
  type Form,
  type FormFile,
  knownForms,
  type Role,
  readForm,
  recognise,
  type TableName,
} from './forms/form.ts';
import { assignRoles, type Roles } from './roles.ts';
import { translate } from './source/expression.ts';
import { columnOf, type Numbers, type Source } from './source/source.ts';
import type { ColumnFacts } from './text/column-facts.ts';
import { literal, type Workspace } from './workspace.ts';

/** A table's rows with what each column means: the files of one kind, by their form. */
export interface Rows {
  table: TableName;
  /** The files, with the columns of those that were joined, under a view of their own. */
  source: Source;
  form: string | undefined;
  file: FormFile | undefined;
  roles: Roles;
  /** SQL for a role's text; a NULL where there is none. */
  text(role: Role): string;
  /** What a role's texts are like, where that is known without a look at the rows. */
  factsOf(role: Role): ColumnFacts | undefined;
  /** The numbers that stand for a role's texts, where rows have them. */
  numbersOf(role: Role): Numbers | undefined;
  /** The column that is to blame for a role's value. */
  blamed(role: Role): string | undefined;
  /** SQL for why a row does not count; NULL where it does. */
  ignored: string;
  /** SQL for whether a row's item is not shown, where the form says. */
  hidden: string | undefined;
}

/** {@link Rows.ignored} where every row counts. */
export const nothingIgnored = 'NULL::VARCHAR';

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

/** The column that alone holds a role as the file says it. */
function soleColumn(roles: Roles, role: Role, file: FormFile | undefined): string | undefined {
  const [name, ...others] = roles[role] ?? [];
  if (name === undefined || others.length > 0 || name.startsWith('=')) return undefined;
  const isFilled = file?.fill?.columns.some((filled) => columnNamed([name], filled, file.aliases) !== undefined);
  return isFilled ? undefined : name;
}

/** The columns of a file of interactions that hold ids which rows share: none where the file is something else. */
export function idColumns(
  settings: ImportSettings,
  forms: readonly Form[],
  columns: readonly string[],
  name: string,
): string[] {
  const file = recognise(forms, { columns, file: name })?.file;
  if (file !== undefined && file.table !== 'interactions') return [];
  try {
    const roles = assignRoles(settings, 'interactions', { columns, file: name, form: file });
    const ids = (['user', 'item'] as const).flatMap((role) => soleColumn(roles, role, file) ?? []);
    return ids.length === 2 ? ids : [];
  } catch {
    return [];
  }
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
  const wanted = form.files.find((file) => file.name === name);
  const here = located.found.find(({ file }) => file !== undefined && file === wanted);
  if (here) return here.source;
  const folder = path.dirname(located.location);
  if (wanted?.named && isLocal(located.location)) {
    const pattern = new RegExp(wanted.named, 'i');
    for (const beside of await readdir(folder).catch(() => [])) {
      if (!pattern.test(beside)) continue;
      const [source] = await open(`joined_${name}`, path.join(folder, beside));
      if (source && recognise([{ ...form, files: [wanted] }], { columns: source.columns, file: beside })) return source;
    }
  }
  throw new DuetError(
    'bad-input',
    `files of the form "${form.name}" need the file ${name} beside them, and it is not there.`,
    {
      where: { file: located.location },
      fix: `Put it there, or import the folder that has both. It has the columns ${wanted?.has.join(', ')}.`,
    },
  );
}

/** A table's files with those that their form joins, under one view. */
async function joined(
  workspace: Workspace,
  table: TableName,
  located: Located,
  settings: ImportSettings,
  open: OpenFiles,
): Promise<{ source: Source; roles: Roles; form: Form | undefined; file: FormFile | undefined }> {
  const files = filesOf(located, table, settings);
  const { form, file } = files[0]!;
  const own = await united(
    workspace,
    table,
    files.map(({ source }) => source),
  );
  const others: { source: Source; here: string; there: string }[] = [];
  for (const { file: name, on } of file?.join ?? []) {
    const [here, there] = typeof on === 'string' ? [on, on] : on;
    others.push({ source: await companion(name, form!, located, open), here, there });
  }
  const columns = [...own.columns];
  const views = others.map(({ source }) =>
    source.columns.filter((name) => !columns.includes(name) && columns.push(name)),
  );
  const spreads = file?.spread && columnNamed(own.columns, file.spread.column, file.aliases);
  const fields = spreads === undefined ? [] : file!.spread!.fields.filter((name) => !columns.includes(name));
  columns.push(...fields);
  const source: Source = { ...own, columns };
  const roles = assignRoles(settings, table, { columns, file: located.location, form: file });
  const arrays = Object.values(roles).flatMap((names) => names.flatMap((name) => /^(.+\[\])\./.exec(name)?.[1] ?? []));
  const spread = arrays.filter((array) => own.arrays.includes(array));
  // Of an array within another each innermost object is a row.
  await own.open(spread.find((array) => spread.some((other) => array.startsWith(`${other}.`))) ?? spread[0]);
  refuseObjects(own, roles, located.location);

  let select = `SELECT * FROM ${own.view}`;
  if (spreads !== undefined) {
    const text = columnOf(own, spreads);
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

/** SQL for `--where` over a source. @throws DuetError `bad-input` for what is no condition over its columns */
async function conditionOf(workspace: Workspace, where: string, source: Source, file: string): Promise<string> {
  const { columns, view } = source;
  const column = (name: string) => {
    const found = columnNamed(columns, name);
    return found && columnOf(source, found);
  };
  const condition = await translate(workspace, where, column, { file, option: 'where (--where)', columns });
  await workspace.rows(`SELECT ${condition} FROM ${view} LIMIT 0`).catch((cause: Error) => {
    // DuckDB's first line says what is wrong, the others show our SQL.
    const [what] = cause.message.split('\n', 1);
    throw new DuetError('bad-input', `where (--where) is no condition: ${what}`, { where: { file }, cause });
  });
  return condition;
}

/**
 * The rows of one table: its files united, the files of their form joined, what only first rows of groups say filled
 * in, and its columns given roles.
 *
 * @throws DuetError `bad-input`
 */
export async function readRows(
  workspace: Workspace,
  table: TableName,
  located: Located,
  settings: ImportSettings,
  open: OpenFiles,
): Promise<Rows> {
  const { source, roles, form, file } = await joined(workspace, table, located, settings, open);
  const { columns } = source;
  const where = { file: located.location, option: `the form "${form?.name}"` };
  const ofForm = (expression: string): Promise<string> =>
    translate(
      workspace,
      expression,
      (name) => {
        const found = columnNamed(columns, name, file?.aliases);
        return found && columnOf(source, found);
      },
      where,
    );
  const texts = new Map<Role, string>();
  for (const [role, names] of Object.entries(roles) as [Role, string[]][]) {
    const each = await Promise.all(
      names.map(async (name) =>
        name.startsWith('=') ? `(${await ofForm(name.slice(1))})::VARCHAR` : columnOf(source, name),
      ),
    );
    texts.set(role, each.length === 1 ? each[0]! : `coalesce(${each})`);
  }
  const reasons: string[] = [];
  if (table === 'interactions' && settings.where !== undefined) {
    const condition = await conditionOf(workspace, settings.where, source, located.location);
    reasons.push(`WHEN NOT coalesce(${condition}, false) THEN 'left out by --where'`);
  }
  // Whoever names the columns of both sides says himself what the rows are.
  const isOwn = table === 'interactions' && settings.as === undefined && settings.columns.user && settings.columns.item;
  for (const { when, reason } of isOwn ? [] : (file?.ignore ?? [])) {
    reasons.push(`WHEN coalesce(${await ofForm(when)}, false) THEN '${reason.replaceAll("'", "''")}'`);
  }
  return {
    table,
    source,
    form: form?.name,
    file,
    roles,
    text: (role) => texts.get(role) ?? 'NULL::VARCHAR',
    factsOf: (role) => (roles[role]?.length === 1 ? source.factsOf?.(roles[role][0]!) : undefined),
    numbersOf: (role) => source.numbersOf?.(soleColumn(roles, role, file) ?? ''),
    blamed: (role) => roles[role]?.[0]?.replace(/^=.*/s, role),
    ignored: reasons.length > 0 ? `CASE ${reasons.join(' ')} END` : nothingIgnored,
    hidden: file?.hide && (await ofForm(file.hide)),
  };
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
