import assert from 'node:assert/strict';
import type { Interval } from './estimates/estimate.ts';

/** For tests: within `tolerance` of the expected figure, relative to it. */
export function near(actual: number | null | undefined, expected: number, tolerance = 1e-8): void {
  assert.ok(
    typeof actual === 'number' && Math.abs(actual - expected) <= tolerance * Math.abs(expected),
    `${actual}, not ${expected}`,
  );
}

/** For tests: both limits near, or null where null is expected. */
export function nearInterval({ low, high }: Interval, limits: readonly (number | null)[], tolerance?: number): void {
  for (const [actual, limit] of [
    [low, limits[0]!],
    [high, limits[1]!],
  ] as const) {
    if (limit === null) assert.equal(actual, null);
    else near(actual, limit, tolerance);
  }
}
