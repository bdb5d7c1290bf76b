import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { z } from 'zod';
import { isLocal } from './read/containers/inputs.ts';
import { formats } from './read/source/open.ts';
import { encodings } from './read/text/encoding.ts';

/** A column's name; null: no column has the role, whatever its name looks like. */
const column = z.string().min(1).nullable().optional();

/**
 * Which column of the interactions holds what, by its name in the file, or by its path in JSON
 * (`properties.product_id`). What is not named is looked for under its usual names.
 */
const columnMapping = z.strictObject({
  user: column,
  item: column,
  /** A moment in any notation; without a zone it is in `timeZone`. */
  time: column,
  /** Order within a user where there is no time: 0 = oldest. Equal positions keep the file's order. */
  position: column,
  event: column,
  quantity: column,
  /** Price of one, in major units: 4.25. */
  price: column,
  /** What the row is worth, in major units; price × quantity where there is none. */
  value: column,
  order: column,
  /** How much the user liked it; see `minRating`. */
  rating: column,
  currency: column,
  title: column,
  category: column,
  /** The part that a row belongs to: train, validation or test. The split `given` is made of it. */
  split: column,
  /** Of the items file: how many there are, or whether there are any. */
  stock: column,
});

/** The same of the items file, whose columns may have the same names as others of the interactions. */
const itemColumns = z.strictObject({
  item: column,
  title: column,
  category: column,
  price: column,
  currency: column,
  stock: column,
  image: column,
  link: column,
});

const userColumns = z.strictObject({ user: column, title: column });

const names = z.array(z.string().min(1)).min(1).optional();

/** A multi-valued attribute from a file of its own: one row a value, such as an artist that a user listened to. */
const valueList = z.strictObject({
  file: z.string().min(1),
  /** Column of the user's or item's id. */
  id: z.string().min(1),
  value: z.string().min(1),
});

const isTimeZone = (zone: string): boolean => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
};

/**
 * Everything `duet import` can be told. A location is a file (also .gz .zst .xz .bz2 .zip), a folder, a glob, `-` for
 * standard input, `https://…` or `s3://…`. Paths are relative to the working directory.
 */
export const importRequest = z
  .strictObject({
    /** Of the dataset that is made. */
    name: z.string().trim().min(1).max(100).optional(),
    /** Name or id of a dataset that the files are added to. What the request leaves open is as at its first import. */
    into: z.string().min(1).optional(),
    /** One row an interaction: user, item and, if known, time, event, quantity, price, order. */
    interactions: z.string().min(1),
    /** One row an item: id and, if known, title, category, price; every further column becomes an attribute. */
    items: z.string().min(1).optional(),
    /** One row a user (or query): id and, if known, title; every further column becomes an attribute. */
    users: z.string().min(1).optional(),
    /** The form of the files, by name, or a JSON file with one; by default their headers tell. */
    as: z.string().min(1).optional(),
    /**
     * Who asks: users, or queries, whose text is their title. Queries may get the same item again; what a user had is
     * left out by default.
     */
    left: z.enum(['user', 'query']).default('user'),
    /** What is found: items, or other users, who are then described by the users file. */
    right: z.enum(['item', 'user']).default('item'),
    /** Both sides are users and every interaction holds in both directions, whether or not the file says both. */
    symmetric: z.boolean().default(false),
    /** Multi-valued attributes of users and items by name, beside those of their own files. */
    userLists: z.record(z.string().min(1), valueList).default({}),
    itemLists: z.record(z.string().min(1), valueList).default({}),
    /** Columns of the interactions that say in what situation each happened: device, channel, who typed the query. */
    context: z.array(z.string().min(1)).default([]),
    /** Of every file; by default each file's beginning tells. */
    format: z.enum(formats).optional(),
    /** Between the fields, one character or several. */
    delimiter: z.string().min(1).max(10).optional(),
    encoding: z.enum(encodings).optional(),
    /** The decimal mark of numbers; by default each column tells. */
    decimal: z.enum(['.', ',']).optional(),
    /** Formats of times (strptime's, or unix, unix-ms, excel, year, iso, dmy, mdy), tried before all others. */
    timeFormats: z.array(z.string().min(1)).default([]),
    /** IANA zone of times that say none. */
    timeZone: z.string().refine(isTimeZone, 'must be a time zone such as Europe/Berlin').default('UTC'),
    /** The sheet of a workbook; the first by default. */
    sheet: z.string().min(1).optional(),
    /** False: the interactions have no header line, and their columns are called `columnNames`. */
    header: z.boolean().default(true),
    columnNames: names,
    /** Names for the columns of an items or users file without a header line. */
    itemColumnNames: names,
    userColumnNames: names,
    columns: columnMapping.default({}),
    itemColumns: itemColumns.default({}),
    userColumns: userColumns.default({}),
    /** A DuckDB expression over the interactions' columns: rows for which it does not hold are left out. */
    where: z.string().min(1).optional(),
    /** Rows with a lower rating are left out. */
    minRating: z.number().optional(),
    /**
     * Weight of each event, such as `{ purchase: 1, view: 0.1 }`. Events not named are left out, and counted. Without
     * weights known events have the usual ones.
     */
    eventWeights: z.record(z.string(), z.number().nonnegative()).optional(),
    /** Events that take a purchase back, in any case. A negative quantity does so too. */
    cancelEvents: z.array(z.string()).default(['cancel', 'cancelled', 'canceled', 'cancellation', 'refund', 'return']),
    /**
     * `ignore` leaves cancelling rows out and keeps the purchases: what was bought by choice says what a user likes
     * even when it went back. `subtract` takes each from the user's latest earlier purchases of the item,
     * quantity-wise.
     */
    cancellations: z.enum(['ignore', 'subtract']).default('ignore'),
    /**
     * Rows equal in every column to an earlier one: a shop may well scan one product twice, so they count by default.
     */
    duplicates: z.enum(['keep', 'drop']).default('keep'),
    /**
     * Whether the items file is all that the shop sells, so that what it lacks is withdrawn. By default it is taken for
     * that where it has the items of at least half of the interactions.
     */
    catalogue: z.enum(['complete', 'partial']).optional(),
    /** Whether a complete items file that is added may withdraw a large share of the catalogue. */
    allowWithdraw: z.boolean().default(false),
    /** Whether items that are out of stock are recommended, where a request does not filter by the stock. */
    showOutOfStock: z.boolean().default(false),
    /** Least number of interactions of every user and item, repeated until both hold. */
    kCore: z
      .strictObject({ user: z.number().int().min(1).default(1), item: z.number().int().min(1).default(1) })
      .default({ user: 1, item: 1 }),
    /** Refuse the import if any row is malformed, rather than leave it out and report it. */
    strict: z.boolean().default(false),
    /** ISO 4217 code of every price and value; by default the files tell, else it is GBP. */
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as GBP')
      .optional(),
    description: z.string().default(''),
    attribution: z.string().default(''),
  })
  .refine(({ name, into }) => (name === undefined) !== (into === undefined), {
    path: ['name'],
    message: 'Either a new dataset has a "name", or files are added "into" one that there is',
  })
  .refine(({ left, right, symmetric }) => !symmetric || (left === 'user' && right === 'user'), {
    path: ['symmetric'],
    message: 'Only interactions of users with users are symmetric: left and right must both be user',
  });

/** What a caller writes. */
export type ImportRequest = z.input<typeof importRequest>;
/** The same with every default filled in. */
export type ImportSettings = z.output<typeof importRequest>;

/** The same settings, with every file of this disk where `place` puts it. */
export function withPaths(settings: ImportSettings, place: (file: string) => string): ImportSettings {
  const at = (location: string): string => (isLocal(location) ? place(location) : location);
  const lists = (some: ImportSettings['userLists']) =>
    Object.fromEntries(Object.entries(some).map(([name, list]) => [name, { ...list, file: at(list.file) }]));
  return {
    ...settings,
    interactions: at(settings.interactions),
    ...(settings.items && { items: at(settings.items) }),
    ...(settings.users && { users: at(settings.users) }),
    ...(settings.as?.endsWith('.json') && { as: place(settings.as) }),
    userLists: lists(settings.userLists),
    itemLists: lists(settings.itemLists),
  };
}

/** What is said to whoever asks that an import replace a dataset. */
export const replaces = (): DuetError =>
  new DuetError('bad-input', 'An import replaces no dataset: models, experiments and events would go with it.', {
    where: { field: 'replace' },
    fix: 'Add to the dataset with --into, or give it up first: npx duet datasets remove.',
  });

/** @throws DuetError `bad-input` naming the field */
export function parseImportRequest(request: unknown, file?: string): ImportSettings {
  if ((request as { replace?: unknown } | undefined)?.replace === true) throw replaces();
  const parsed = importRequest.safeParse(request);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DuetError('bad-input', `${issue!.message}.`, {
    where: { ...(file && { file }), ...(issue!.path.length > 0 && { field: issue!.path.join('.') }) },
  });
}

/**
 * Reads an import request from a JSON file; its paths are relative to that file.
 *
 * @throws DuetError `not-found` or `bad-input`
 */
export async function readImportRequest(file: string): Promise<ImportSettings> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new DuetError('not-found', 'this file cannot be read.', { where: { file }, cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DuetError('bad-input', `this is not JSON: ${(cause as Error).message}.`, { where: { file }, cause });
  }
  return withPaths(parseImportRequest(json, file), (name) => path.resolve(path.dirname(file), name));
}
