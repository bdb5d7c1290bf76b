import { DuetError } from '@duet/base';
import { type Author, type Database, writeAudit } from '@duet/db';
import { largestPrice } from '../shape.ts';

/** What is changed of items; what is left out stays. */
export interface ItemsEdit {
  /** In the currency's minor unit; null: not known. */
  priceMinor?: number | null;
  inStock?: boolean;
  withdrawn?: boolean;
}

/**
 * Changes the same of several items, each of which is written down in its own log. The services follow within a second.
 *
 * @param externalIds The shop's own ids; those that are not there are left out.
 * @returns how many changed
 * @throws DuetError `bad-input` for a price that is none
 */
export async function editItems(
  { prisma }: Database,
  datasetId: string,
  externalIds: readonly string[],
  edit: ItemsEdit,
  author: Author = {},
): Promise<number> {
  const { priceMinor, inStock, withdrawn } = edit;
  if (priceMinor != null && !(Number.isInteger(priceMinor) && priceMinor >= 0 && priceMinor <= largestPrice)) {
    throw new DuetError('bad-input', 'The price is a number from 0 on.', { where: { field: 'priceMinor' } });
  }
  return prisma.$transaction(
    async (tx) => {
      const items = await tx.item.findMany({ where: { datasetId, externalId: { in: [...externalIds] } } });
      let changed = 0;
      for (const item of items) {
        const was = { priceMinor: item.priceMinor, inStock: item.inStock, withdrawn: item.withdrawnAt !== null };
        const is = {
          priceMinor: priceMinor === undefined ? was.priceMinor : priceMinor,
          inStock: inStock ?? was.inStock,
          withdrawn: withdrawn ?? was.withdrawn,
        };
        if (was.priceMinor === is.priceMinor && was.inStock === is.inStock && was.withdrawn === is.withdrawn) continue;
        const withdrawnAt = is.withdrawn ? (item.withdrawnAt ?? author.now ?? new Date()) : null;
        const data = { priceMinor: is.priceMinor, inStock: is.inStock, withdrawnAt };
        await tx.item.update({ where: { id: item.id }, data });
        const object = { objectKind: 'item', objectId: item.id };
        await writeAudit(tx, author, { action: 'edit', ...object, before: was, after: is });
        changed++;
      }
      return changed;
    },
    { timeout: 60_000 },
  );
}
