import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { metrics } from '../metrics/experiment-metrics.ts';
import { crowd, madeUp, sumsOf, type Values } from '../testing/made-up.ts';
import { type Comparing, compareArms, guardrailInterval } from './compare.ts';

const comparing: Comparing = { level: 0.95, liftMethod: 'fieller', tunedFor: 2000 };
const metricOf = (key: (typeof metrics)[number]['key']) => metrics.find((metric) => metric.key === key)!;

const user = fc.record({ impressions: fc.integer({ min: 1, max: 9 }), clicks: fc.integer({ min: 0, max: 3 }) });
const users = fc.array(user, { minLength: 5, maxLength: 40 });

describe('several arms', () => {
  test('have intervals that leave zero out exactly where the corrected p is significant, by every method', () => {
    fc.assert(
      fc.property(users, fc.array(users, { minLength: 2, maxLength: 4 }), fc.nat({ max: 3 }), (control, arms, more) => {
        // Some arms differ, or next to nothing would ever be significant.
        const treated = arms.map((arm, i) => arm.map((one) => ({ ...one, clicks: one.clicks + (i === 0 ? more : 0) })));
        const lifts = compareArms(sumsOf(control), treated.map(sumsOf), metricOf('clicksPerUser'), comparing);
        for (const lift of lifts) {
          for (const { absolute, relative, adjustedP } of [lift, lift.sequence]) {
            if (adjustedP === null || Math.abs(adjustedP - 0.05) < 1e-6) continue;
            for (const { low, high } of [absolute, relative]) {
              if (low !== null && high !== null) assert.equal(low > 0 || high < 0, adjustedP <= 0.05);
            }
          }
        }
      }),
    );
  });

  test('share a guardrail’s error rate: two treatments have wider intervals than one', () => {
    const [control, treatment] = [sumsOf(crowd(400)), sumsOf(crowd(400, { clicks: [2, 1, 1] }))];
    const width = (treatments: number) => {
      const { low, high } = guardrailInterval(control, treatment, metricOf('ctr'), {
        ...{ basis: 'sequence', treatments, comparing },
      });
      return high! - low!;
    };
    assert.ok(width(2) > width(1));
    const alone = compareArms(control, [treatment], metricOf('ctr'), comparing)[0]!.sequence.relative;
    assert.equal(width(1), alone.high! - alone.low!);
  });
});

describe('a small arm', () => {
  /** Who orders spends £10, but one in twenty £1,000. */
  const shoppers = (n: number, buyers: number, large: number): Values[] =>
    crowd(n, { buyers }).map((one, i) => {
      const gmvMinor = i < large ? 100_000 : i < buyers ? 1000 : 0;
      return { ...one, gmvMinor, netMinor: gmvMinor };
    });

  test('that lacks the large orders is not sure to be worse: the large arm says how much orders vary', () => {
    const [large, small] = [shoppers(9000, 900, 45), shoppers(1000, 100, 0)].map(sumsOf);
    const [lift] = compareArms(large, [small], metricOf('gmvPerUser'), comparing);
    // GMV per user is £5.95 and £1: with its own spread alone the small arm would be certain of the loss.
    assert.ok(Math.abs(lift!.relative.value! - (1 / 5.95 - 1)) < 1e-12);
    assert.ok(lift!.sequence.relative.high! > 0 && lift!.sequence.adjustedP! > 0.05);
    const [alone] = compareArms(sumsOf(shoppers(1000, 100, 5)), [small], metricOf('gmvPerUser'), comparing);
    assert.ok(lift!.p! < alone!.p!, 'a large control is still worth more than a small one');
  });

  test('with few orders has no average order value to compare, by any method, and says so', () => {
    const [control, treatment] = [sumsOf(crowd(400, { buyers: 40 })), sumsOf(crowd(400, { buyers: 29, past: true }))];
    const [lift] = compareArms(control, [treatment], metricOf('averageOrderValue'), comparing);
    assert.deepEqual(lift!.tooFew, { has: 29, needs: 30 });
    for (const { p, relative } of [lift!, lift!.sequence]) {
      assert.deepEqual([p, relative.low, relative.high], [null, null, null]);
      assert.ok(relative.value !== null);
    }
    assert.equal(lift!.bayes, null);
    assert.equal(compareArms(control, [control], metricOf('averageOrderValue'), comparing)[0]!.tooFew, null);
  });
});

test('a unanimous interleaving is a result', () => {
  const day = {
    day: '2026-03-09',
    // 300 users, of whom 30 click, each once and all on the treatment's items.
    credit: { wins: 30, losses: 0, ties: 270, sums: { n: 300n, x: 30n, y: 30n, xx: 30n, yy: 30n, xy: 30n } },
    impressions: { control: 900, treatment: 900 },
  };
  const arms = { 'two-tower': crowd(1), dat: crowd(1) };
  const report = (settings: object) =>
    madeUp(arms, {
      ...{
        experiment: { design: 'interleaving' },
        interleaved: [day],
        settings,
        now: new Date('2026-03-16T01:00:00Z'),
      },
    });
  const preferenceSentence = /^Users prefer dat: of the users with a preference 100\.0 % clicked more items of dat/;
  assert.match(report({ sequential: true }).finding, preferenceSentence);
  assert.match(report({ sequential: false }).finding, preferenceSentence);
});
