import type { Interactions } from '@duet/datasets';

/** Interactions from (user, item, time) triples, in the order that datasets keep them. */
export function interactionsOf(triples: readonly (readonly [number, number, number])[], users: number, items: number) {
  const rows = triples
    .map(([user, item, time], place) => ({ user, item, time, place }))
    .sort((a, b) => a.user - b.user || a.time - b.time || a.place - b.place);
  return {
    users: Array.from({ length: users }, (_, i) => `u${i}`),
    items: Array.from({ length: items }, (_, i) => `i${i}`),
    user: Int32Array.from(rows, ({ user }) => user),
    item: Int32Array.from(rows, ({ item }) => item),
    time: Float64Array.from(rows, ({ time }) => time),
    weight: new Float32Array(rows.length).fill(1),
    valueMinor: new Float64Array(rows.length).fill(Number.NaN),
  } satisfies Interactions;
}

export const everyRow = (x: Interactions): Int32Array => Int32Array.from(x.user.keys());
