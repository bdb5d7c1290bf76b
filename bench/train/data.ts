import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Rng, seededRng } from '@duet/random';

/** Synthetic interactions, one positive each, with one categorical feature per side. */
export interface Synthetic {
  users: number;
  items: number;
  /** [positives] */
  user: Int32Array;
  item: Int32Array;
  /** [users] and [items]: a category. */
  userFeature: Int32Array;
  itemFeature: Int32Array;
}

const features = { user: 50, item: 200 } as const;

/**
 * Distinct (user, item) pairs: every user has `perUser`, items are drawn ∝ 1 / (10 + rank), so that a few are in many
 * batches and most in few, as in a shop.
 */
export function synthesize(users: number, items: number, perUser: number, seed: number): Synthetic {
  const rng = seededRng(seed);
  const rank = permutation(items, rng);
  const spread = Math.log((items + 10) / 10);
  const user = new Int32Array(users * perUser);
  const item = new Int32Array(users * perUser);
  const userItems = new Set<number>();
  for (let u = 0; u < users; u++) {
    userItems.clear();
    while (userItems.size < perUser)
      userItems.add(rank[Math.min(items - 1, Math.floor(10 * (Math.exp(rng() * spread) - 1)))]!);
    let at = u * perUser;
    for (const i of userItems) {
      user[at] = u;
      item[at++] = i;
    }
  }
  const categories = (n: number, of: number) => Int32Array.from({ length: n }, () => Math.floor(of * rng() ** 2));
  return {
    users,
    items,
    user,
    item,
    userFeature: categories(users, features.user),
    itemFeature: categories(items, features.item),
  };
}

function permutation(n: number, rng: Rng): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

const columns = { user: 'user', item: 'item', userFeature: 'user-feature', itemFeature: 'item-feature' } as const;

/** Little-endian int32, one file a column: what a contender in any language can read. */
export async function writeSynthetic(folder: string, data: Synthetic): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [key, name] of Object.entries(columns)) {
    const { buffer, byteOffset, byteLength } = data[key as keyof typeof columns];
    await writeFile(path.join(folder, `${name}.i32`), new Uint8Array(buffer, byteOffset, byteLength));
  }
}

export async function readSynthetic(folder: string): Promise<Synthetic> {
  const read = async (name: string) => {
    const bytes = await readFile(path.join(folder, `${name}.i32`));
    return new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  };
  const [user, item, userFeature, itemFeature] = await Promise.all(Object.values(columns).map(read));
  return {
    users: userFeature!.length,
    items: itemFeature!.length,
    user: user!,
    item: item!,
    userFeature: userFeature!,
    itemFeature: itemFeature!,
  };
}
