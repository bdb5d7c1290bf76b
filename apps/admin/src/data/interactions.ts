import { DuetError } from '@duet/base';
import { type Interactions, loadInteractions, splitDataset } from '@duet/datasets';
import type { Dataset } from '@duet/db';
import { config, database } from './services.ts';

/** Past this many rows a page would hold the process's memory: about 200 MB here. */
const mostRows = 5_000_000;

/** The dataset looked at last stays in memory, with its splits: pages ask for the same one again and again. */
let kept: { key: string; interactions: Promise<Interactions>; heldOut: Map<string, Map<string, string[]>> } | undefined;

type Named = Pick<Dataset, 'id' | 'name' | 'fingerprint' | 'interactions'>;

async function keep(dataset: Named) {
  await database();
  if (dataset.interactions > mostRows) {
    throw new DuetError('unavailable', `${dataset.name} has more interactions than the admin reads (${mostRows}).`, {
      fix: 'Its Parquet file in the data folder opens in DuckDB.',
    });
  }
  const key = `${dataset.id} ${dataset.fingerprint}`;
  if (kept?.key !== key) {
    const interactions = loadInteractions(config().dataDir, dataset.id);
    kept = { key, interactions, heldOut: new Map() };
    interactions.catch(() => {
      kept = undefined;
    });
  }
  return kept;
}

export interface InteractionRow {
  user: string;
  item: string;
  /** Unix seconds, or the position in the shopper's history where the dataset has no times. */
  time: number;
  weight: number;
  valueMinor: number | undefined;
}

function rowAt(x: Interactions, row: number): InteractionRow {
  const value = x.valueMinor[row]!;
  return {
    user: x.users[x.user[row]!]!,
    item: x.items[x.item[row]!]!,
    time: x.time[row]!,
    weight: x.weight[row]!,
    valueMinor: Number.isNaN(value) ? undefined : value,
  };
}

/** One shopper's interactions, oldest first, or rows spread evenly over the whole dataset; `limit` at most. */
export async function sampleInteractions(dataset: Named, user: string, limit: number): Promise<InteractionRow[]> {
  const x = await (await keep(dataset)).interactions;
  const all = x.user.length;
  if (user === '') {
    const size = Math.min(limit, all);
    return Array.from({ length: size }, (_, i) => rowAt(x, Math.floor((i * all) / size)));
  }
  const row = x.users.indexOf(user);
  const rows: InteractionRow[] = [];
  for (let i = 0; i < all && rows.length < limit; i++) if (x.user[i] === row) rows.push(rowAt(x, i));
  return rows;
}

/**
 * The items that a user bought in the part that `split` holds out, which the split's models have never seen; undefined
 * where the split does not test this user.
 */
export async function heldOutItems(dataset: Named, split: string, userId: string): Promise<string[] | undefined> {
  const { interactions, heldOut } = await keep(dataset);
  const x = await interactions;
  let byUser = heldOut.get(split);
  if (byUser === undefined) {
    const { evaluations } = splitDataset(x, split);
    byUser = new Map(
      evaluations.map(({ user, targets }) => [x.users[user]!, Array.from(targets, (item) => x.items[item]!)]),
    );
    heldOut.set(split, byUser);
  }
  return byUser.get(userId);
}
