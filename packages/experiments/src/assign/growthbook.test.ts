import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GrowthBook } from '@growthbook/growthbook';
import fc from 'fast-check';
import { parseSettings } from '../plan/experiment-settings.ts';
import { bucketOf, hashedArm } from './assign-user.ts';
import { growthBookExperiment } from './growthbook.ts';

const parts = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 5 }).filter(
  // An SDK has no experiment of one variation.
  (of) => of.filter(Boolean).length > 1,
);
const experiments = fc.record({
  weights: parts.map((of) => of.map((part) => part / of.reduce((sum, one) => sum + one))),
  seed: fc.string({ minLength: 1, maxLength: 12 }),
  phase: fc.integer({ min: 1, max: 3 }),
  holdout: fc.constantFrom(0, 0.1, 0.333),
  trafficShare: fc.constantFrom(1, 0.5, 0.07, 0.12345),
  layer: fc.constantFrom(null, 'checkout'),
  layerFrom: fc.constantFrom(0, 2500),
  layerTo: fc.constantFrom(6000, 10_000),
  country: fc.constantFrom(undefined, ['GB'], ['GB', 'DE']),
});

type Plan = typeof experiments extends fc.Arbitrary<infer P> ? P : never;

const experimentOf = ({ weights, country, ...plan }: Plan) => ({
  ...{ name: 'dat-vs-two-tower', datasetId: '0192f0c1', simulated: false, ...plan },
  arms: weights.map((weight, position) => ({ name: `arm ${position}`, weight, position })),
  settings: parseSettings({ targeting: country === undefined ? [] : [{ attribute: 'country', in: country }] }),
});

/** The arm that GrowthBook's own SDK gives a user. */
function byGrowthBook(plan: object, userId: string, attributes: Record<string, string>): string | undefined {
  const sdk = new GrowthBook({ attributes: { id: userId, ...attributes } });
  const { value, inExperiment } = sdk.run(plan as Parameters<typeof sdk.run>[0]);
  sdk.destroy();
  return inExperiment ? String(value) : undefined;
}

const byDuet = (plan: ReturnType<typeof experimentOf>, userId: string, attributes: Record<string, string>) => {
  const arm = hashedArm(plan, { userId, attributes });
  return typeof arm === 'string' ? undefined : arm.name;
};

describe("GrowthBook's SDK, given growthBookExperiment,", () => {
  test('gives every user Duet’s arm, or none where Duet gives none, whatever the plan', () => {
    const attributes = fc.record({ country: fc.constantFrom('GB', 'FR') });
    fc.assert(
      fc.property(
        experiments,
        fc.array(fc.string({ minLength: 1 }), { maxLength: 30 }),
        attributes,
        (made, users, own) => {
          const plan = experimentOf(made);
          const described = growthBookExperiment(plan);
          for (const user of users) assert.equal(byGrowthBook(described, user, own), byDuet(plan, user, own), user);
        },
      ),
    );
  });

  test('does so in the buckets at an arm’s edge, where its own sums of weights do not', () => {
    const cases: [weights: number[], edge: number][] = [
      [[0.1, 0.2, 0.7], 3000],
      [[0.1, 0.1, 0.1, 0.7], 3000],
      [[0.05, 0.1, 0.85], 1500],
    ];
    for (const [weights, edge] of cases) {
      const plan = experimentOf({
        ...{ weights, seed: 'edge', phase: 1, holdout: 0, trafficShare: 1 },
        ...{ layer: null, layerFrom: 0, layerTo: 10_000, country: undefined },
      });
      const described = growthBookExperiment(plan);
      const { ranges: _, filters: __, ...weighted } = { ...described, weights };
      let differing = 0;
      for (let i = 0; i < 60_000; i++) {
        const user = `customer-${i}`;
        const bucket = bucketOf('edge', user);
        if (Math.abs(bucket - edge) > 1) continue;
        assert.equal(byGrowthBook(described, user, {}), byDuet(plan, user, {}), `${user} in bucket ${bucket}`);
        if (byGrowthBook(weighted, user, {}) !== byDuet(plan, user, {})) differing++;
      }
      assert.ok(differing > 0, `${weights}`);
    }
  });
});
