import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chiSquareSurvival, normalSurvival } from '@duet/statistics';
import fc from 'fast-check';
import { parseSettings } from '../plan/experiment-settings.ts';
import { type AssignableExperiment, assignUser, bucketOf, hashedArm, phaseSeed } from './assign-user.ts';

const arm = (name: string, weight: number, position: number) => ({ name, weight, position });
const arms = [arm('a', 0.5, 0), arm('b', 0.3, 1), arm('c', 0.2, 2)];
const users = Array.from({ length: 50_000 }, (_, i) => `customer-${12_346 + i}`);

/** An experiment of everybody, but for what is said otherwise. */
const experiment = (
  seed: string,
  { settings = {}, ...other }: Partial<Omit<AssignableExperiment, 'settings'>> & { settings?: object } = {},
): AssignableExperiment => ({
  ...{ datasetId: 'shop', holdout: 0, seed, phase: 1, trafficShare: 1, layer: null, layerFrom: null, layerTo: null },
  ...{ simulated: false, arms, settings: parseSettings(settings), ...other },
});

/** The name of a user's arm in one experiment, or why they have none. */
const armOf = (one: AssignableExperiment, userId: string, attributes: Record<string, string> = {}): string => {
  const found = hashedArm(one, { userId, attributes });
  return typeof found === 'string' ? `no: ${found}` : found.name;
};

/** That a count is what a share of n makes likely: a one-sided z test at 1e-4. */
const isShare = (count: number, n: number, p: number) => {
  const z = Math.abs(count - n * p) / Math.sqrt(n * p * (1 - p));
  assert.ok(p === 1 ? count === n : normalSurvival(z) > 1e-4, `${count} of ${n}, planned ${p}: z ${z}`);
};

const seeds = fc.string({ minLength: 1, maxLength: 20 });
const shares = fc.double({ min: 0, max: 1, noNaN: true });

describe('the hash', () => {
  test("is GrowthBook's version 2", () => {
    // From GrowthBook's cases.json, spec 0.5.4: the `bucket` of experiments with hashVersion 2.
    assert.equal(bucketOf('feature', '123'), 5231);
    assert.equal(bucketOf('experiment', '1'), 4413);
    assert.equal(bucketOf('holdout', '1'), 8043);
    // Printed by hash(seed, value, 2) of @growthbook/growthbook 1.8.0.
    assert.equal(bucketOf('', 'a'), 216);
    assert.equal(bucketOf('', 'b'), 9054);
    assert.equal(bucketOf('b', 'a'), 6650);
    assert.equal(bucketOf('duet', '12346'), 6254);
    assert.equal(bucketOf('0192f0c1-exp', '18287'), 3296);
    assert.equal(bucketOf('seed', 'user-1'), 4232);
  });

  test('spreads users evenly over 100 groups of buckets', () => {
    for (const seed of ['one', 'two', 'one:traffic', 'two:traffic']) {
      const counts = new Array<number>(100).fill(0);
      for (const user of users) counts[Math.floor(bucketOf(seed, user) / 100)]!++;
      const chiSquare = counts.reduce((sum, n) => sum + (n - users.length / 100) ** 2 / (users.length / 100), 0);
      assert.ok(chiSquareSurvival(chiSquare, 99) > 1e-4, `seed ${seed}: χ² ${chiSquare}`);
    }
  });

  test('is independent between the hashes of 30 experiments, whatever their seeds', () => {
    // Names as shops give them, near each other; with the traffic's, a layer's and a holdout's hash among them.
    const names = Array.from({ length: 9 }, (_, i) => [`exp-${i}`, `exp-${i}:traffic`, `exp-${i}#2`]).flat();
    const all = [...names, 'layer:ranking', 'holdout:shop', 'holdout:shop-2'];
    const deciles = all.map((seed) => users.map((user) => Math.floor(bucketOf(seed, user) / 1000)));
    const ps = all.flatMap((_, i) =>
      deciles.slice(i + 1).map((second) => {
        // Independence in a 10 × 10 table of deciles: χ² on 81 degrees of freedom.
        const table = new Float64Array(100);
        for (let u = 0; u < users.length; u++) table[deciles[i]![u]! * 10 + second[u]!]!++;
        const cells = Array.from({ length: 10 }, (_, k) => k);
        const row = cells.map((r) => cells.reduce((sum, c) => sum + table[r * 10 + c]!, 0));
        const column = cells.map((c) => cells.reduce((sum, r) => sum + table[r * 10 + c]!, 0));
        let chiSquare = 0;
        for (const r of cells) {
          for (const c of cells) {
            const expected = (row[r]! * column[c]!) / users.length;
            chiSquare += (table[r * 10 + c]! - expected) ** 2 / expected;
          }
        }
        return chiSquareSurvival(chiSquare, 81);
      }),
    );
    // Independent hashes make the p values uniform: none is tiny (Bonferroni at 1e-3), and their count below 0.05 is
    // binomial.
    assert.equal(ps.length, (30 * 29) / 2);
    assert.ok(Math.min(...ps) > 1e-3 / ps.length, `least p ${Math.min(...ps)}`);
    isShare(ps.filter((p) => p < 0.05).length, ps.length, 0.05);
  });
});

describe('assignment', () => {
  test('gives each arm its share of those who take part, within binomial bounds', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 }),
        (seed, percent, parts) => {
          const sum = parts.reduce((a, b) => a + b, 0);
          const split = parts.map((part, i) => arm(String(i), part / sum, i));
          const one = experiment(seed, { arms: split, trafficShare: percent / 100 });
          const found = users
            .slice(0, 10_000)
            .map((user) => armOf(one, user))
            .filter((name) => name !== 'no: traffic');
          isShare(found.length, 10_000, percent / 100);
          for (const { name, weight } of split)
            isShare(found.filter((other) => other === name).length, found.length, weight);
        },
      ),
      // One seed of fast-check, so that 40 × 4 tests at 1e-4 pass once and for all.
      { numRuns: 40, seed: 7 },
    );
  });

  test('never moves a user to another arm, nor out, as the traffic rises', () => {
    fc.assert(
      fc.property(seeds, fc.string(), shares, shares, (seed, user, one, other) => {
        const before = armOf(experiment(seed, { trafficShare: Math.min(one, other) }), user);
        if (before !== 'no: traffic') {
          assert.equal(armOf(experiment(seed, { trafficShare: Math.max(one, other) }), user), before);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('takes everybody at share 1 and nobody at share 0, whatever the order of the arms', () => {
    fc.assert(
      fc.property(seeds, fc.string(), (seed, user) => {
        const found = armOf(experiment(seed), user);
        assert.ok(['a', 'b', 'c'].includes(found));
        assert.equal(armOf(experiment(seed, { arms: arms.toReversed() }), user), found);
        assert.equal(armOf(experiment(seed, { trafficShare: 0 }), user), 'no: traffic');
      }),
    );
  });

  test('gives an arm of weight zero nobody, and rounding leaves nobody without an arm', () => {
    const thirds = [0, 1, 2].map((position) => arm(String(position), 1 / 3, position));
    const one = experiment('thirds', { arms: [...thirds, arm('empty', 0, 3)] });
    assert.deepEqual([...new Set(users.map((user) => armOf(one, user)))].sort(), ['0', '1', '2']);
  });

  test('deals the users out afresh in each phase: where they were says nothing of where they are', () => {
    assert.deepEqual(
      [1, 2, 3].map((phase) => phaseSeed({ seed: 's', phase })),
      ['s', 's#2', 's#3'],
    );
    const phases = [1, 2, 3].map((phase) => experiment('again', { phase, arms: [arm('a', 0.5, 0), arm('b', 0.5, 1)] }));
    for (const [first, second] of [
      [0, 1],
      [1, 2],
      [0, 2],
    ] as const) {
      const stayed = users.filter((user) => armOf(phases[first]!, user) === armOf(phases[second]!, user));
      isShare(stayed.length, users.length, 0.5);
    }
  });

  test('keeps experiments of one layer apart, and each gets its slice', () => {
    const layered = (seed: string, layerFrom: number, layerTo: number) =>
      experiment(seed, { layer: 'home', layerFrom, layerTo });
    const all = [layered('x', 0, 3000), layered('y', 3000, 4000), layered('z', 4000, 10_000)];
    const counts = [0, 0, 0];
    for (const user of users) {
      const inside = all.map((one) => !armOf(one, user).startsWith('no'));
      assert.equal(inside.filter(Boolean).length, 1, user);
      counts[inside.indexOf(true)]!++;
    }
    for (const [i, p] of [0.3, 0.1, 0.6].entries()) isShare(counts[i]!, users.length, p);
    // Within the slice the arms are those of the experiment's own hash: the layer says nothing of them.
    const inX = users.filter((user) => !armOf(all[0]!, user).startsWith('no'));
    for (const { name, weight } of arms)
      isShare(inX.filter((user) => armOf(all[0]!, user) === name).length, inX.length, weight);
    assert.equal(armOf(experiment('x', { layer: 'home' }), 'u'), 'no: layer', 'without a slice it has nobody');
  });

  test('leaves the held-out users of a dataset out of every experiment, the same ones', () => {
    const out = (seed: string, datasetId = 'shop') =>
      users.filter((user) => armOf(experiment(seed, { datasetId, holdout: 0.05 }), user) === 'no: holdout');
    isShare(out('x').length, users.length, 0.05);
    assert.deepEqual(out('x'), out('y'));
    assert.notDeepEqual(out('x'), out('x', 'another shop'));
    const held = out('x')[0]!;
    assert.equal(
      assignUser([experiment('x', { holdout: 0.05 }), experiment('y', { holdout: 0.05 })], { userId: held }),
      undefined,
    );
  });

  test('takes only whom it targets, who keep their arm however often they come and go', () => {
    const one = experiment('t', {
      settings: {
        targeting: [
          { attribute: 'device', in: ['phone', 'tablet'] },
          { attribute: 'country', in: ['GB'] },
        ],
      },
    });
    for (const user of users.slice(0, 100)) {
      assert.equal(armOf(one, user, { device: 'phone', country: 'GB' }), armOf(experiment('t'), user));
      assert.equal(armOf(one, user, { device: 'desktop', country: 'GB' }), 'no: targeting');
      assert.equal(armOf(one, user, { device: 'phone' }), 'no: targeting', 'what nobody says does not match');
    }
  });

  test('lets an override win over holdout, layer, targeting, traffic and every other experiment', () => {
    const closed = experiment('closed', {
      ...{ holdout: 0.99, trafficShare: 0, layer: 'home' },
      settings: { overrides: { qa: 'c' }, targeting: [{ attribute: 'device', in: ['none'] }] },
    });
    const all = [experiment('open'), closed];
    const found = assignUser(all, { userId: 'qa' })!;
    assert.deepEqual([found.experiment.seed, found.arm.name, found.reason], ['closed', 'c', 'override']);
    const other = assignUser(all, { userId: 'q' })!;
    assert.deepEqual([other.experiment.seed, other.reason], ['open', 'hash']);
    // An object's own words are no overrides, whatever a user is called.
    assert.equal(assignUser(all, { userId: 'constructor' })!.reason, 'hash');
  });

  test('gives a user to the first experiment that takes them, and to one at a time', () => {
    const all = [experiment('first', { trafficShare: 0.2 }), experiment('second', { trafficShare: 0.5 })];
    const found = users.map((userId) => assignUser(all, { userId })?.experiment.seed);
    isShare(found.filter((seed) => seed === 'first').length, users.length, 0.2);
    isShare(found.filter((seed) => seed === 'second').length, users.length, 0.8 * 0.5);
    isShare(found.filter((seed) => seed === undefined).length, users.length, 0.8 * 0.5);
  });

  test('keeps simulated shoppers and real ones apart', () => {
    const all = [
      experiment('real', { settings: { overrides: { u: 'a' } } }),
      experiment('model world', { simulated: true }),
    ];
    assert.equal(assignUser(all, { userId: 'u' })!.experiment.seed, 'real');
    assert.equal(assignUser(all, { userId: 'u', simulated: true })!.experiment.seed, 'model world');
    assert.equal(assignUser([all[0]!], { userId: 'u', simulated: true }), undefined);
  });
});
