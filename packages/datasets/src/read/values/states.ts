import { literal } from '../workspace/workspace.ts';
import { finite } from './missing.ts';

const yes = ['true', 't', 'yes', 'y', 'ja', 'oui', 'si', 'on'];
const no = ['false', 'f', 'no', 'n', 'nein', 'non', 'off'];

const inStock = [
  ...[
    'instock',
    'available',
    'limitedavailability',
    'preorder',
    'presale',
    'backorder',
    'onbackorder',
    'backorderavailable',
  ],
  ...['instoreonly', 'onlineonly', 'madetoorder', 'lowstock'],
];
const outOfStock = ['outofstock', 'unavailable', 'soldout', 'notavailable', 'nostock', 'discontinued'];

/** A word without blanks, dashes and schema.org's address before it. */
const plainWord = (text: string): string =>
  `regexp_replace(regexp_replace(lower(${text}), '^https?://schema\\.org/', ''), '[^a-z]', '', 'g')`;

/** SQL for whether there is any: of a number, or of the words that shops say it with; NULL where it says neither. */
export const stocked = (text: string): string => `CASE
  WHEN ${plainWord(text)} IN (${[...yes, ...inStock].map(literal)}) THEN true
  WHEN ${plainWord(text)} IN (${[...no, ...outOfStock].map(literal)}) THEN false
  ELSE ${finite(text)} > 0 END`;

/** Columns of an items file that say whether an item is shown: by their plain names, with the words that hide it. */
const hidingColumns: { names: string[]; when: (text: string) => string }[] = [
  {
    names: [
      'ishidden',
      'hidden',
      'isdraft',
      'draft',
      'isdeleted',
      'deleted',
      'archived',
      'isarchived',
      'disabled',
      'isdisabled',
      'discontinued',
    ],
    when: (text) => `(lower(${text}) IN (${[...yes, '1'].map(literal)}))`,
  },
  {
    names: [
      'shown',
      'published',
      'ispublished',
      'visible',
      'isvisible',
      'active',
      'isactive',
      'enabled',
      'isenabled',
      'productonline',
      'productvisible',
    ],
    when: (text) => `(lower(${text}) IN (${[...no, '0', '-1'].map(literal)}))`,
  },
  {
    names: ['status', 'state', 'visibility', 'publishstatus', 'productstatus'],
    when: (text) =>
      `(${plainWord(text)} IN ('draft', 'archived', 'hidden', 'unpublished', 'inactive', 'disabled', 'deleted', 'private', 'trash', 'pending', 'unlisted', 'expired', 'discontinued', 'notvisibleindividually'))`,
  },
];

/** Columns that say until when an item is shown. */
const expiryColumns = [
  'expirationdate',
  'expirydate',
  'expires',
  'expiresat',
  'enddate',
  'availableuntil',
  'validuntil',
  'deletedat',
  'discontinuedat',
];

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

/** SQL for whether a row's item is hidden, by the columns that usually say so; undefined where the file has none. */
export function hiddenBy(columns: readonly string[], column: (name: string) => string, now: Date): string | undefined {
  const conditions = columns.flatMap((name) => {
    const found = hidingColumns.find(({ names }) => names.includes(plain(name)));
    if (found) return [found.when(column(name))];
    if (!expiryColumns.includes(plain(name))) return [];
    return [`try_cast(left(${column(name)}, 19) AS TIMESTAMP) < TIMESTAMP ${literal(now.toISOString().slice(0, 19))}`];
  });
  return conditions.length > 0
    ? conditions.map((condition) => `coalesce(${condition}, false)`).join(' OR ')
    : undefined;
}

/** Columns of orders that say what became of them, by their plain names. */
const orderStates = [
  'status',
  'state',
  'orderstatus',
  'orderstate',
  'financialstatus',
  'paymentstatus',
  'paymentstate',
];
/** What they say of an order that came to nothing. */
const undone = [
  ...['cancelled', 'canceled', 'cancel', 'refunded', 'refund', 'voided', 'void', 'failed', 'declined', 'rejected'],
  ...['returned', 'chargeback', 'chargedback', 'reversed'],
  ...['storniert', 'erstattet', 'annul', 'annule', 'annulee', 'rembours', 'rembourse', 'remboursee'],
  ...['cancelado', 'cancelada', 'reembolsado', 'annullato', 'rimborsato', 'geannuleerd', 'terugbetaald'],
];
/** Columns that say when it came to nothing. */
const undoneDates = ['cancelledat', 'canceledat', 'refundedat', 'voidedat'];

/**
 * Why rows of orders do not count, by the columns that usually say what became of an order: SQL for when, and the
 * reason in words.
 *
 * @param columns those of the file that mean nothing else
 */
export function undoneBy(columns: readonly string[], column: (name: string) => string) {
  return columns.flatMap((name) => {
    if (orderStates.includes(plain(name)))
      return [
        {
          when: `${plainWord(column(name))} IN (${undone.map(literal)})`,
          reason: `cancelled or refunded, says ${name}`,
        },
      ];
    return undoneDates.includes(plain(name))
      ? [{ when: `${column(name)} IS NOT NULL`, reason: `has a moment in ${name}` }]
      : [];
  });
}
