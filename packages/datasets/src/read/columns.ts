import { DuetError } from '@duet/base';
import type { ImportSettings, Role } from '../request.ts';

/** The columns' usual names, letters and digits only, the most telling first. */
const usualNames: Record<Role, string[]> = {
  user: ['userid', 'user', 'customerid', 'customer', 'visitorid', 'memberid', 'reviewerid', 'uid'],
  item: ['itemid', 'item', 'productid', 'product', 'parentasin', 'asin', 'sku', 'stockcode', 'articleid', 'movieid'],
  time: [
    'timestamp',
    'time',
    'datetime',
    'eventtime',
    'createdat',
    'occurredat',
    'unixreviewtime',
    'invoicedate',
    'date',
  ],
  position: ['position', 'sequence', 'seq'],
  event: ['event', 'eventtype', 'eventname', 'action', 'behavior', 'behaviour'],
  quantity: ['quantity', 'qty', 'units'],
  price: ['unitprice', 'price', 'itemprice'],
  value: ['value', 'salesvalue', 'revenue', 'linetotal', 'totalprice'],
  order: ['orderid', 'order', 'basketid', 'transactionid', 'invoiceno', 'invoice'],
  title: ['title', 'name', 'itemname', 'productname', 'producttitle', 'description'],
  category: ['category', 'categoryname', 'maincategory', 'categoryid', 'department', 'genre'],
  split: ['split'],
  stock: ['instock', 'stock', 'stocklevel', 'stockquantity', 'availability', 'available'],
};

/** Usual names that only one kind of side has. */
const queryNames = ['queryid', 'query', 'searchid', 'searchterm', 'searchquery', 'keyword', 'keywords'];
const queryTexts = ['querytext', 'query', 'text', 'searchterm', 'searchquery', 'keyword', 'keywords'];
const otherUserNames = [
  'targetuserid',
  'targetuser',
  'target',
  'friendid',
  'friend',
  'followeeid',
  'followee',
  'otheruserid',
];

/** The names that a role's column usually has in a file, the most telling first. */
function usualNamesOf(role: Role, table: Table, { left, right }: Pick<ImportSettings, 'left' | 'right'>): string[] {
  if (role === 'user' && left === 'query') return queryNames;
  if (role === 'title' && table === 'users' && left === 'query') return [...queryTexts, ...usualNames.title];
  if (role === 'item' && right === 'user') return table === 'items' ? usualNames.user : otherUserNames;
  return usualNames[role];
}

const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

const rolesOf = {
  interactions: [
    'user',
    'item',
    'time',
    'position',
    'event',
    'quantity',
    'price',
    'value',
    'order',
    'title',
    'category',
    'split',
  ],
  items: ['item', 'title', 'category', 'price', 'stock'],
  users: ['user', 'title'],
} as const satisfies Record<string, readonly Role[]>;
export type Table = keyof typeof rolesOf;

/** Column of each role that a file has. */
export type Roles = Partial<Record<Role, string>>;

/**
 * Finds each role's column in each file: the one that the request names, else one with a usual name.
 *
 * @throws DuetError `bad-input` listing a file's columns where a named one, or the user's or item's, is missing
 */
export function assignRoles(
  settings: ImportSettings,
  files: { interactions: string[]; items?: string[]; users?: string[] },
): { interactions: Roles; items: Roles; users: Roles } {
  const missing = (table: Table, what: string, role: Role): DuetError =>
    new DuetError('bad-input', `${what}; the file's columns are ${files[table]!.join(', ')}.`, {
      where: { file: settings[table] ?? settings.users! },
      fix: `Name it with columns.${role} (--${role}).`,
    });
  const usual = (role: Role, table: Table, columns: string[], roles: Roles) =>
    usualNamesOf(role, table, settings)
      .flatMap((name) => columns.find((column) => plain(column) === name) ?? [])
      .find((column) => !Object.values(roles).includes(column));
  const find = (table: Table): Roles => {
    const columns = files[table];
    if (columns === undefined) return {};
    const roles: Roles = {};
    for (const role of rolesOf[table]) {
      const named = settings.columns[role];
      const found =
        named !== undefined && columns.includes(named)
          ? named
          : // A column that was named for one file keeps its usual name in another.
            named === undefined || table !== 'interactions'
            ? usual(role, table, columns, roles)
            : undefined;
      if (found !== undefined) roles[role] = found;
    }
    return roles;
  };
  const roles = { interactions: find('interactions'), items: find('items'), users: find('users') };
  for (const [role, name] of Object.entries(settings.columns) as [Role, string][]) {
    const inCatalogue = role in usualNames && (rolesOf.items as readonly Role[]).includes(role) && role !== 'item';
    if (roles.interactions[role] !== name && !(inCatalogue && roles.items[role] === name)) {
      throw missing(
        inCatalogue && files.items ? 'items' : 'interactions',
        `there is no column "${name}" (for the ${role})`,
        role,
      );
    }
  }
  for (const [table, role] of [
    ['interactions', 'user'],
    ['interactions', 'item'],
    ['items', 'item'],
    ['users', 'user'],
  ] as const) {
    if (files[table] && roles[table][role] === undefined) {
      throw missing(table, `no column looks like the ${role}'s id`, role);
    }
  }
  const unknown = settings.context.find((name) => !files.interactions.includes(name));
  if (unknown !== undefined) {
    throw new DuetError(
      'bad-input',
      `there is no column "${unknown}" (of the context); the file's columns are ${files.interactions.join(', ')}.`,
      {
        where: { file: settings.interactions },
        fix: 'Correct context (--context).',
      },
    );
  }
  if (settings.columns.position !== undefined) delete roles.interactions.time;
  if (settings.eventWeights && roles.interactions.event === undefined) {
    throw missing('interactions', 'event weights need a column that names the event', 'event');
  }
  return roles;
}
