import { DuetError } from '@duet/base';
import type { ImportSettings } from '../../request.ts';
import { columnNamed, type Form, type FormFile, type Role, recognise, type TableName } from '../forms/form.ts';
import { translate } from '../source/expression.ts';
import { columnOf, type Numbers, type Source } from '../source/source.ts';
import type { ColumnFacts } from '../text/column-facts.ts';
import { undoneBy } from '../values/states.ts';
import { literal, type Workspace } from '../workspace/workspace.ts';
import { joined } from './joined.ts';
import type { Located, OpenFiles } from './located.ts';
import { assignRoles, type Roles } from './roles.ts';

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
    reasons.push(`WHEN coalesce(${await ofForm(when)}, false) THEN ${literal(reason)}`);
  }
  if (table === 'interactions' && file === undefined) {
    const named = new Set([...Object.values(roles).flat(), ...settings.context]);
    const others = columns.filter((name) => !named.has(name));
    for (const { when, reason } of undoneBy(others, (name) => columnOf(source, name)))
      reasons.push(`WHEN coalesce(${when}, false) THEN ${literal(reason)}`);
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
