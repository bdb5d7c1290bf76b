import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { z } from 'zod';
import { known } from './known.ts';

/** What columns can hold, by table. */
export const rolesOf = {
  interactions: [
    ...(['user', 'item', 'time', 'position', 'event', 'quantity', 'price', 'value', 'order'] as const),
    ...(['rating', 'currency', 'title', 'category', 'split'] as const),
  ],
  items: ['item', 'title', 'category', 'price', 'currency', 'stock', 'image', 'link'],
  users: ['user', 'title'],
} as const satisfies Record<string, readonly string[]>;

export type TableName = keyof typeof rolesOf;
export type Role = (typeof rolesOf)[TableName][number];

const name = z.string().min(1);

const file = z.strictObject({
  /** What the file holds; one without a table is joined to another. */
  table: z.enum(['interactions', 'items', 'users']).optional(),
  /** What `join` calls it. */
  name: name.optional(),
  /** Columns that tell the file: all of them are there. Letters and digits count alone, in any case. */
  has: z.array(name).default([]),
  /** Of them those that some row has a value in. */
  filled: z.array(name).default([]),
  /** A regular expression of the file's name, for files that no header tells. */
  named: name.optional(),
  /** What columns are called in other languages or versions: names that stand for those that the form uses. */
  aliases: z.record(name, name).default({}),
  /** How the text is written, where it has no header. */
  text: z
    .strictObject({
      delimiter: name.optional(),
      header: z.literal(false).optional(),
      columns: z.array(name).optional(),
    })
    .optional(),
  /** Of each role the columns that may hold it, the first with a value counts; or an expression behind `=`. */
  columns: z.record(name, z.union([name, z.array(name).min(1)])).default({}),
  /** Columns that only the first row of each group says, such as the address of an order's first line. */
  fill: z.strictObject({ by: name, columns: z.array(name).min(1) }).optional(),
  /**
   * A column whose text holds several things, each a row of its own: what stands between them, as a regular expression,
   * and their fields, which stand behind their names and a colon.
   */
  spread: z.strictObject({ column: name, between: name, fields: z.array(name).min(1) }).optional(),
  /** Files whose columns are added where the columns `on` agree: one name, or this file's and the other's. */
  join: z.array(z.strictObject({ file: name, on: z.union([name, z.tuple([name, name])]) })).default([]),
  /** Weights of events; 0 leaves one out. */
  events: z.record(name, z.number().nonnegative()).optional(),
  /** Rows that do not count: DuckDB expressions over the columns, each with what the answer calls them. */
  ignore: z.array(z.strictObject({ when: name, reason: name })).default([]),
  /** Of items: an expression that holds for those that are not shown. */
  hide: name.optional(),
  /** Whether the rows of an id complete each other; otherwise the last counts. */
  merge: z.boolean().default(false),
  /** Columns that no attribute is made of. */
  leaveOut: z.array(name).default([]),
});

/** A form of files that some system exports, one declaration. The forms that are known lie in `known/`. */
export const formSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  about: name,
  files: z.array(file).min(1),
});

export type Form = z.output<typeof formSchema>;
export type FormFile = Form['files'][number];

const parse = (json: unknown, where: string): Form => {
  const parsed = formSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DuetError('bad-input', `${issue!.message}.`, { where: { file: where, field: issue!.path.join('.') } });
};

let all: readonly Form[] | undefined;
/** Every form that Duet knows. */
export const knownForms = (): readonly Form[] =>
  (all ??= known.map((json) => parse(json, (json as { name: string }).name)));

/**
 * The form that `--as` names: one of those that are known, or a file with one.
 *
 * @throws DuetError `not-found` listing those that are known, `bad-input` naming the field of a file
 */
export async function readForm(as: string): Promise<Form> {
  const found = knownForms().find(({ name }) => name === as.toLowerCase());
  if (found) return found;
  if (!as.endsWith('.json')) {
    throw new DuetError('not-found', `there is no form "${as}".`, {
      fix: `Use ${knownForms()
        .map(({ name }) => name)
        .join(', ')}, or a JSON file with a form of your own.`,
    });
  }
  const text = await readFile(as, 'utf8').catch((cause: unknown) => {
    throw new DuetError('not-found', 'this form cannot be read.', { where: { file: as }, cause });
  });
  try {
    return parse(JSON.parse(text), as);
  } catch (cause) {
    if (cause instanceof DuetError) throw cause;
    throw new DuetError('bad-input', `this is not JSON: ${(cause as Error).message}.`, { where: { file: as }, cause });
  }
}

/** A name's letters and digits, in lower case: what headers are compared by. */
export const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** The column of a file that has a name, by letters and digits, or an alias of it. */
export function columnNamed(
  columns: readonly string[],
  wanted: string,
  aliases: FormFile['aliases'] = {},
): string | undefined {
  const found =
    columns.find((column) => column === wanted) ?? columns.find((column) => plain(column) === plain(wanted));
  if (found !== undefined) return found;
  const others = Object.keys(aliases).filter((alias) => plain(aliases[alias]!) === plain(wanted));
  return columns.find((column) => others.some((alias) => plain(alias) === plain(column)));
}

/** The file of a form that a file with these columns and this name is; undefined where it is none. */
export function recognise(
  forms: readonly Form[],
  { columns, file, isEmpty }: { columns: readonly string[]; file: string; isEmpty?: (column: string) => boolean },
  table?: TableName,
): { form: Form; file: FormFile } | undefined {
  const matches = forms.flatMap((form) =>
    form.files.flatMap((candidate) => {
      if (table !== undefined && candidate.table !== table) return [];
      if (candidate.has.some((name) => columnNamed(columns, name, candidate.aliases) === undefined)) return [];
      if (candidate.filled.some((name) => isEmpty?.(columnNamed(columns, name, candidate.aliases) ?? name))) return [];
      const isNamed = candidate.named !== undefined && new RegExp(candidate.named, 'i').test(path.basename(file));
      // What no header tells needs the name; what is joined is known by either.
      if (!isNamed && (candidate.has.length === 0 || (candidate.named !== undefined && candidate.table !== undefined)))
        return [];
      return [{ form, file: candidate, score: candidate.has.length + (isNamed ? 0.5 : 0) }];
    }),
  );
  return matches.sort((a, b) => b.score - a.score)[0];
}
