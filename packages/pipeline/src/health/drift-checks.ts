import { type Check, judged, nothingYet } from './check.ts';
import type { HealthFacts } from './facts.ts';

/**
 * Population stability index of counts by value: Σ (p − q) ln(p / q). Below 0.1 nothing has changed, above 0.25 much
 * has.
 *
 * Source: Yurdakul & Naranjo, Statistical properties of the population stability index, J. Risk Model Validation 14
 * (2020).
 * A value that one side lacks counts as half an event there.
 */
export function psi(counts: readonly { last: number; before: number }[]): number {
  const total = (side: 'last' | 'before') => counts.reduce((sum, row) => sum + Math.max(row[side], 0.5), 0);
  const [last, before] = [total('last'), total('before')];
  return counts.reduce((sum, row) => {
    const [p, q] = [Math.max(row.last, 0.5) / last, Math.max(row.before, 0.5) / before];
    return sum + (p - q) * Math.log(p / q);
  }, 0);
}

/** The most common values alone, the rest in one, so that rare ones do not add up to a change that is none. */
function withTheRest(rows: HealthFacts['drift']): HealthFacts['drift'] {
  const sorted = rows.toSorted((a, b) => b.before - a.before);
  const [common, rest] = [sorted.slice(0, 20), sorted.slice(20)];
  if (rest.length === 0) return common;
  const sum = (side: 'last' | 'before') => rest.reduce((total, row) => total + row[side], 0);
  return [...common, { feature: rows[0]!.feature, value: 'others', last: sum('last'), before: sum('before') }];
}

/** So many events on either side, that chance alone moves nothing. */
const enough = 500;

const driftOf = (feature: string): Check => ({
  name: `drift-${feature}`,
  look({ drift }) {
    const rows = withTheRest(drift.filter((row) => row.feature === feature));
    const [last, before] = [rows.reduce((n, row) => n + row.last, 0), rows.reduce((n, row) => n + row.before, 0)];
    if (last < enough || before < enough) {
      return nothingYet(`Fewer than ${enough} items were wanted within seven days, or within the four weeks before.`);
    }
    const value = psi(rows);
    return judged(
      ...([value, { warn: 0.1, fail: 0.25 }] as const),
      `The ${feature} of what shoppers want has a stability index (PSI) of ${value.toFixed(3)} against the four weeks before.`,
      'Refresh the model, so that it learns what is wanted now; where nothing is new in the shop, see what is logged.',
    );
  },
});

/** What has changed: a new one is a feature of the facts and one line here. */
export const driftChecks: readonly Check[] = [driftOf('category'), driftOf('price'), driftOf('device')];
