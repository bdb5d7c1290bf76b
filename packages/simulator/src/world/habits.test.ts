import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import { gammaOfMeanOne, poisson } from '../shoppers/shopper-draws.ts';
import { makeShop } from '../testing.ts';
import { fitHabits, hourOfWeek, logQuantities, visitRates } from './habits.ts';

const near = (actual: number, expected: number, within: number) =>
  assert.ok(Math.abs(actual - expected) < within, `${actual}, not ${expected} ± ${within}`);

test('visit rates recover the gamma distribution that repeat orders came from', () => {
  const rng = seededRng(1);
  const truth = Array.from({ length: 20_000 }, () => 3 * gammaOfMeanOne(rng, 0.5));
  const { shape, mean, rate } = visitRates(truth.map((own) => poisson(rng, own)));
  near(mean, 3, 0.15);
  near(shape, 0.5, 0.05);
  near(rate.reduce((sum, value) => sum + value, 0) / rate.length, 1, 1e-9);
  // Each is a best guess: it lies closer to the truth than the mean of all does.
  const error = (guess: (user: number) => number) =>
    truth.reduce((sum, own, user) => sum + (guess(user) - own) ** 2, 0) / truth.length;
  assert.ok(error((user) => mean * rate[user]!) < 0.3 * error(() => mean));
});

test('customers who all come as often have one rate', () => {
  const { rate } = visitRates([2, 2, 2, 2]);
  for (const rateOfOne of rate) near(rateOfOne, 1, 1e-5);
});

test('quantities recover mean, both deviations and the slope with the price', () => {
  const rng = seededRng(2);
  const usual = Array.from({ length: 1000 }, () => 2 + 0.8 * normal(rng));
  const lines = usual.map((own) =>
    Array.from({ length: 1 + Math.floor(20 * rng()) }, (): [number, number] => {
      const logPrice = 5 + normal(rng);
      return [own - 0.5 * (logPrice - 5) + 0.6 * normal(rng), logPrice];
    }),
  );
  const { quantity, usualQuantity } = logQuantities(lines);
  near(quantity.slope, -0.5, 0.03);
  near(quantity.withinUser, 0.6, 0.02);
  near(quantity.betweenUsers, 0.8, 0.06);
  near(quantity.mean + quantity.slope * (5 - quantity.logPrice), 2, 0.12);
  const far = usual.map((own, user) => (usualQuantity[user]! - own) ** 2);
  assert.ok(far.reduce((sum, square) => sum + square, 0) / far.length < 0.12);
});

test('the hour of the week begins on Monday at 0 h UTC', () => {
  assert.equal(hourOfWeek(Date.parse('2026-11-23T00:00:00Z')), 0); // a Monday
  assert.equal(hourOfWeek(Date.parse('2026-11-22T23:59:59Z')), 167);
  assert.equal(hourOfWeek(Date.parse('2011-12-09T12:50:00Z')), 4 * 24 + 12); // a Friday
});

test('visits come at the hours of the data, and a few at every other', () => {
  const { interactions, catalogue } = makeShop();
  const { hours } = fitHabits(interactions, catalogue.priceMinor, 0.02);
  near(
    hours.reduce((sum, share) => sum + share, 0),
    1,
    1e-9,
  );
  // Its orders are all placed at one time of day, 22:13:20 UTC.
  const atTen = hours.filter((_, hour) => hour % 24 === 22).reduce((sum, share) => sum + share, 0);
  near(atTen, 0.8 + 0.2 / 24, 1e-9);
  assert.ok(hours.every((share) => share > 0));
});

test('devices are the data’s own where it has them', () => {
  const { interactions, catalogue } = makeShop();
  const code = Int32Array.from(interactions.user, (_, row) => [0, 0, 0, 1, -1][row % 5]!);
  const context = { device: { values: ['tv', 'phone'], code } };
  const { devices } = fitHabits({ ...interactions, context }, catalogue.priceMinor, 0);
  assert.deepEqual(
    devices.map(({ name }) => name),
    ['tv', 'phone'],
  );
  near(devices[0]!.share, 0.75, 0.01);
});
