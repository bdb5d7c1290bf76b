import { type Form, type FormFile, knownForms, type Role } from '../read/forms/form.ts';

/** A made-up file of a known form: its header tells the form. */
export interface FormSample {
  form: Form;
  file: FormFile;
  name: string;
  text: string;
  /** Files that it is joined to, by name. */
  beside: Record<string, string>;
}

const values: Partial<Record<Role, (row: number) => string>> = {
  user: (row) => `u${row % 5}`,
  item: (row) => `i${row % 6}`,
  time: (row) => `2024-01-${String(10 + (row % 19)).padStart(2, '0')}T03:04:05Z`,
  quantity: (row) => String(1 + (row % 3)),
  price: (row) => `${1 + row}.50`,
  value: (row) => `${2 + row}.50`,
  rating: (row) => String(1 + (row % 5)),
  currency: () => 'EUR',
  event: (row) => ['view', 'purchase'][row % 2]!,
  position: (row) => String(row),
};

/** Columns that say whether a row counts, by name, and numbers that forms reckon with. */
const knownColumns: Record<string, (row: number) => string> = {
  type: () => 'track',
  order_number: (row) => String(1 + row),
};

/** The columns that a form's file names, each with the role that it has. */
function columnsOf({ has, columns, text }: FormFile): Map<string, Role | undefined> {
  const found = new Map<string, Role | undefined>((text?.columns ?? has).map((name) => [name, undefined]));
  for (const [role, names] of Object.entries(columns)) {
    for (const name of [names].flat()) {
      if (!name.startsWith('=') && (text?.columns === undefined || found.has(name))) found.set(name, role as Role);
    }
  }
  return found;
}

/** A JSON object with a value at each path: `a.b`, `a[].b`. */
function objectOf(fields: [string, string][]): object {
  const object: Record<string, unknown> = {};
  for (const [path, value] of fields) {
    let at = object;
    const keys = path.split('.');
    for (const key of keys.slice(0, -1)) {
      const [, name, list] = /^(.*?)(\[\])?$/.exec(key)!;
      at[name!] ??= list ? [{}] : {};
      at = (list ? (at[name!] as object[])[0] : at[name!]) as Record<string, unknown>;
    }
    at[keys.at(-1)!.replace('[]', '')] = value;
  }
  return object;
}

function textOf(file: FormFile, rows: number): string {
  const columns = [...columnsOf(file)];
  const row = (n: number) =>
    columns.map(([name, role]) => (knownColumns[name] ?? values[role!] ?? (() => `${name} ${n % 4}`))(n));
  const all = Array.from({ length: rows }, (_, n) => row(n));
  if (columns.some(([name]) => /[.[]/.test(name)))
    return all.map((one) => JSON.stringify(objectOf(columns.map(([name], at) => [name, one[at]!])))).join('\n');
  const delimiter = file.text?.delimiter ?? ',';
  const separator = delimiter === '\\t' || delimiter === 'tab' ? '\t' : delimiter;
  const header = file.text?.header === false ? [] : [columns.map(([name]) => name)];
  return [...header, ...all].map((one) => one.join(separator)).join('\n');
}

/** A name that a form's file may have. */
function nameOf({ named }: FormFile, at: number): string {
  if (named === undefined) return `file-${at}.txt`;
  // Of several the first, and nothing of what only a pattern has.
  const name = named.replace(/\((?:\?:)?([^|)]*)[^)]*\)\??/g, '$1').replace(/[\^$\\]|\.\*|\?/g, '');
  return name.startsWith('.') ? `file${name}` : name;
}

/** A file of each form that holds interactions. */
export function formSamples(rows: number): FormSample[] {
  return knownForms().flatMap((form) => {
    const file = form.files.find(({ table }) => table === 'interactions');
    if (file === undefined) return [];
    const joined = form.files.flatMap((other, at) =>
      file.join.some((join) => join.file === other.name) ? [[nameOf(other, at), textOf(other, rows)]] : [],
    );
    const joinedTexts = Object.fromEntries(joined) as Record<string, string>;
    return [{ form, file, name: nameOf(file, 0), text: textOf(file, rows), beside: joinedTexts }];
  });
}
