import { DuetError } from '@duet/base';
import type { ImportSettings } from '../../request.ts';
import { columnNamed, type FormFile, plain, type Role, rolesOf, type TableName } from '../forms/form.ts';

/** The columns' usual names, letters and digits only, the most telling first. */
const usualNames: Record<Role, string[]> = {
  user: [
    ...[
      'userid',
      'user',
      'customerid',
      'customer',
      'visitorid',
      'memberid',
      'reviewerid',
      'uid',
      'shopperid',
      'buyerid',
    ],
    ...[
      'clientid',
      'accountid',
      'userpseudoid',
      'customerkey',
      'householdid',
      'customeremail',
      'useremail',
      'email',
      'anonymousid',
    ],
    ...['customeruserid', 'userkey', 'contactid', 'loyaltyid', 'billingemail', 'emailaddress', 'properties.userid'],
  ],
  item: [
    ...['itemid', 'item', 'productid', 'product', 'parentasin', 'asin', 'sku', 'stockcode', 'articleid', 'movieid'],
    ...[
      'itemsku',
      'productsku',
      'variantsku',
      'goodsid',
      'offerid',
      'productcode',
      'productkey',
      'isbn',
      'propertiesproductid',
    ],
  ],
  time: [
    ...['timestamp', 'time', 'datetime', 'eventtime', 'eventtimestamp', 'createdat', 'occurredat', 'unixreviewtime'],
    ...['invoicedate', 'orderdate', 'ordertime', 'orderedat', 'purchasedate', 'purchasedat', 'purchasetime', 'tdat'],
    ...[
      'orderpurchasetimestamp',
      'transactiondate',
      'transactiontime',
      'servertime',
      'eventdate',
      'paidat',
      'date',
      'ts',
    ],
    ...['timestamps', 'timestampms', 'creationdate', 'created', 'daterating', 'reviewtime'],
  ],
  position: ['position', 'sequence', 'seq'],
  event: ['event', 'eventtype', 'eventname', 'action', 'behavior', 'behaviour', 'feedbacktype', 'behaviortype'],
  quantity: ['quantity', 'qty', 'units'],
  price: ['unitprice', 'price', 'itemprice', 'saleprice', 'currentprice', 'regularprice', 'listprice', 'retailprice'],
  value: ['value', 'salesvalue', 'revenue', 'linetotal', 'totalprice'],
  order: ['orderid', 'order', 'basketid', 'transactionid', 'invoiceno', 'invoice', 'ordernumber'],
  rating: ['rating', 'stars', 'overall', 'score', 'reviewrating', 'ratingvalue'],
  currency: ['currency', 'currencycode', 'ordercurrency'],
  title: ['title', 'name', 'itemname', 'productname', 'producttitle', 'description'],
  category: [
    'category',
    'categorypath',
    'categoryname',
    'maincategory',
    'producttype',
    'categories',
    'categoryid',
    'department',
    'genre',
    ...['genres', 'productcategory', 'breadcrumb', 'breadcrumbs', 'googleproductcategory', 'collection'],
  ],
  split: ['split'],
  stock: [
    'instock',
    'stock',
    'stocklevel',
    'stockquantity',
    'availability',
    'available',
    'inventory',
    'inventoryquantity',
    'qty',
    ...['quantity', 'quantityavailable', 'qtyavailable', 'availablequantity', 'stockqty', 'stockstatus', 'onhand'],
  ],
  image: ['image', 'imagelink', 'imageurl', 'imagesrc', 'picture', 'thumbnail', 'imgurl'],
  link: ['link', 'url', 'producturl', 'permalink'],
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

/** Columns that only reviews have: the title beside them is the review's, not the item's. */
const reviewNames = ['rating', 'overall', 'stars', 'reviewtext', 'reviewbody', 'helpfulvote', 'verifiedpurchase'];

/** The names that a role's column usually has in a file, the most telling first. */
function usualNamesOf(role: Role, table: TableName, columns: readonly string[], settings: ImportSettings): string[] {
  const { left, right } = settings;
  if (role === 'user' && left === 'query') return queryNames;
  if (role === 'title' && table === 'users' && left === 'query') return [...queryTexts, ...usualNames.title];
  if (role === 'item' && right === 'user') return table === 'items' ? usualNames.user : otherUserNames;
  if (role === 'item' && table === 'items') return [...usualNames.item, 'id', 'handle'];
  if (role === 'user' && table === 'users') return [...usualNames.user, 'id'];
  const isReview = table === 'interactions' && columns.some((column) => reviewNames.includes(plain(column)));
  return role === 'title' && isReview ? [] : usualNames[role];
}

/** What holds each role in a file: columns, of which the first with a value counts, or an expression behind `=`. */
export type Roles = Partial<Record<Role, string[]>>;

/** What a request calls the columns of a table. */
const namedIn = (settings: ImportSettings, table: TableName): Partial<Record<Role, string | null>> =>
  ({ interactions: settings.columns, items: settings.itemColumns, users: settings.userColumns })[table];

/** The column that a request means: by name, by JSON pointer, or an array of objects by that of its id. */
function meant(columns: readonly string[], name: string, role: Role): string | undefined {
  const dotted = name.startsWith('/') ? name.slice(1).replaceAll('/', '.') : name;
  const found = columns.find((column) => column === name) ?? columnNamed(columns, dotted);
  if (found !== undefined) return found;
  const inArray = columns.filter((column) => column.startsWith(`${name}[].`));
  return usualNames[role].flatMap(
    (usual) => inArray.find((column) => plain(column.slice(name.length + 3)) === usual) ?? [],
  )[0];
}

/**
 * Finds each role's column in a file: the one that the request names, else the form's, else one with a usual name.
 *
 * @throws DuetError `bad-input` listing the file's columns where a named one, or the user's or item's, is missing
 */
export function assignRoles(
  settings: ImportSettings,
  table: TableName,
  { columns, file, form }: { columns: readonly string[]; file: string; form?: FormFile | undefined },
): Roles {
  const missing = (what: string, option: string): DuetError =>
    new DuetError('bad-input', `${what}; the file's columns are ${columns.join(', ')}.`, {
      where: { file },
      fix: `Name it with ${option}.`,
    });
  const optionOf = (role: Role): string =>
    table === 'interactions'
      ? `columns.${role} (--${role})`
      : `${table.slice(0, -1)}Columns.${role} (--${table}-${role})`;
  const roles: Roles = {};
  const isTaken = (column: string): boolean => Object.values(roles).some((taken) => taken.includes(column));
  for (const role of rolesOf[table]) {
    const named = namedIn(settings, table)[role];
    if (named === null) continue;
    // A column of the catalogue may be named once for both files, and a name for one file keeps the usual one in the
    // other.
    const shared = table === 'interactions' ? undefined : settings.columns[role as keyof typeof settings.columns];
    const found = named === undefined ? undefined : meant(columns, named, role);
    const elsewhere =
      table === 'interactions' && settings.items !== undefined && (rolesOf.items as readonly Role[]).includes(role);
    if (named !== undefined && found === undefined && !(elsewhere && role !== 'item')) {
      throw missing(`there is no column "${named}" (for the ${role})`, optionOf(role));
    }
    const shares = shared == null ? undefined : meant(columns, shared, role);
    const formed = [form?.columns[role] ?? []]
      .flat()
      .flatMap((one) => (one.startsWith('=') ? one : (columnNamed(columns, one, form?.aliases) ?? [])));
    const usual = () =>
      named !== undefined
        ? []
        : usualNamesOf(role, table, columns, settings)
            .flatMap((name) => columns.find((column) => plain(column) === name && !isTaken(column)) ?? [])
            .slice(0, 1);
    const chosen = found ? [found] : shares ? [shares] : formed.length > 0 ? formed : usual();
    if (chosen.length > 0) roles[role] = chosen;
  }
  if (table === 'interactions') {
    if (roles.time === undefined && settings.columns.time !== null && settings.columns.position === undefined) {
      const looksLikeTime = columns.find(
        (column) =>
          /(timestamp|datetime|[_ -](date|time|at|on)|^(date|time))\b|[a-z](Date|Time|At)$/.test(column) &&
          !/birth|expir|ship|deliver/i.test(column) &&
          !isTaken(column),
      );
      if (looksLikeTime && roles.position === undefined) roles.time = [looksLikeTime];
    }
    if (settings.columns.position) delete roles.time;
    if (roles.user === undefined) throw missing("no column looks like the user's id", optionOf('user'));
    if (settings.eventWeights && roles.event === undefined) {
      throw missing('event weights need a column that names the event', optionOf('event'));
    }
    const unknown = settings.context.find((name) => !columns.includes(name));
    if (unknown !== undefined) {
      throw new DuetError(
        'bad-input',
        `there is no column "${unknown}" (of the context); the file's columns are ${columns.join(', ')}.`,
        { where: { file }, fix: 'Correct context (--context).' },
      );
    }
  }
  if (table !== 'users' && roles.item === undefined)
    throw missing("no column looks like the item's id", optionOf('item'));
  if (table === 'users' && roles.user === undefined)
    throw missing("no column looks like the user's id", optionOf('user'));
  return roles;
}

/** Names of the interactions' catalogue columns that neither file has. @throws DuetError `bad-input` */
export function refuseUnknown(
  settings: ImportSettings,
  files: { interactions: readonly string[]; items?: readonly string[] | undefined },
): void {
  for (const [role, name] of Object.entries(settings.columns) as [Role, string | null][]) {
    if (name === null) continue;
    if (meant(files.interactions, name, role) ?? (files.items && meant(files.items, name, role))) continue;
    const table = files.items && (rolesOf.items as readonly Role[]).includes(role) ? 'items' : 'interactions';
    throw new DuetError(
      'bad-input',
      `there is no column "${name}" (for the ${role}); the file's columns are ${files[table]!.join(', ')}.`,
      { where: { file: settings[table] ?? settings.interactions }, fix: `Name it with columns.${role} (--${role}).` },
    );
  }
}
