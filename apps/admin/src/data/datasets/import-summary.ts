import path from 'node:path';
import { z } from 'zod';
import { formatCount } from '#format.ts';

const count = z.number();

/** A sentence whose files are called by their names alone: the server's folders are nobody's business. */
export const withoutFolders = (text: string): string =>
  text.replace(/(?<![^\s"'(])(?:[A-Za-z]:)?[\\/](?:[^\s\\/,:"']+[\\/])+/g, '');

/** What the importer stores as Dataset.summary, as far as it is shown. */
const importSummary = z.object({
  interactions: z.object({
    read: count,
    ignoredEvents: z.record(z.string(), count),
    duplicates: z.object({ policy: z.string(), rows: count }),
    cancellations: z.object({ policy: z.string(), rows: count, purchasesRemoved: count, purchasesReduced: count }),
    kCore: z.object({ removed: count, rounds: count }),
    kept: count,
  }),
  items: z.object({ read: count, withoutInteractions: count }),
  users: z.object({ read: count, withoutInteractions: count }),
  rejected: z.object({ total: count, byReason: z.record(z.string(), count) }),
  seconds: count.optional(),
  warnings: z
    .array(z.string())
    .default([])
    .transform((all) => all.map(withoutFolders)),
});

export type ImportSummary = z.infer<typeof importSummary>;

/** The summary of an import that is done; undefined of one that is not. */
export const readImportSummary = (stored: unknown): ImportSummary | undefined => importSummary.safeParse(stored).data;

/** What became of the rows between the file and the dataset, in the importer's order. */
export function sieve({
  interactions,
  items,
  users,
  rejected,
}: ImportSummary): { what: string; rows: number; why: string }[] {
  const { ignoredEvents, duplicates, cancellations, kCore } = interactions;
  return [
    { what: 'Malformed', rows: rejected.total, why: 'in all files; left out and listed below' },
    { what: 'Well formed', rows: interactions.read, why: 'rows of the interactions file' },
    ...Object.entries(ignoredEvents).map(([event, rows]) => ({
      what: `Event “${event}”`,
      rows,
      why: 'has no weight, so it is left out',
    })),
    {
      what: 'Duplicates',
      rows: duplicates.rows,
      why: duplicates.policy === 'drop' ? 'equal to an earlier row, and dropped' : 'equal to an earlier row, and kept',
    },
    {
      what: 'Cancellations',
      rows: cancellations.rows,
      why:
        cancellations.policy === 'subtract'
          ? `took back ${cancellations.purchasesRemoved} purchases whole and ${cancellations.purchasesReduced} in part`
          : 'left out; what they cancel is kept',
    },
    {
      what: 'k-core',
      rows: kCore.removed,
      why:
        kCore.removed === 0
          ? 'no shopper or item was too rare'
          : `of too rare shoppers or items, in ${kCore.rounds} rounds`,
    },
    { what: 'Kept', rows: interactions.kept, why: 'interactions of the dataset' },
    {
      what: 'Items file',
      rows: items.read,
      why: `${formatCount(items.withoutInteractions)} that nobody touched, kept`,
    },
    {
      what: 'Users file',
      rows: users.read,
      why: `${formatCount(users.withoutInteractions)} without interactions, left out`,
    },
  ];
}

/** Settings that other places of the admin show, in words. */
const shownElsewhere = new Set(['name', 'description', 'attribution', 'currency']);

/** What an import was asked for: of its files the names, as the server's folders are nobody's business. */
export const importSettings = (stored: unknown): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries((stored ?? {}) as Record<string, unknown>)
      .filter(([key]) => !shownElsewhere.has(key))
      .map(([key, value]) => [key, fileName(value)]),
  );

const fileName = (value: unknown): unknown =>
  typeof value === 'string' && path.isAbsolute(value)
    ? path.basename(value)
    : Array.isArray(value)
      ? value.map(fileName)
      : value;
