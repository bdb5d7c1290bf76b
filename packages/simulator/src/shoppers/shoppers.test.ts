import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { makeShop } from '../testing.ts';
import { hourOfWeek } from '../world/habits.ts';
import { createWorld, type World } from '../world/world.ts';
import { drawShoppers, mostShoppers } from './shoppers.ts';
import { lastDays, timeline } from './timeline.ts';

let world: World;
before(() => {
  world = createWorld(makeShop(), 0.02, 1);
});

test('returning shoppers are real customers whom the arms know, each once; new ones are nobody', () => {
  const shoppers = drawShoppers(world, mostShoppers(world), 1);
  const { interactions, learnt, unseen } = world.heldOut;
  const userRow = new Map(interactions.users.map((id, row) => [id, row]));
  assert.equal(new Set(shoppers.map(({ userId }) => userId)).size, shoppers.length);
  for (const { userId, isNew, basis, wanted } of shoppers) {
    assert.equal(userRow.has(userId), !isNew);
    assert.ok(basis.length > 0);
    if (isNew) continue;
    const row = userRow.get(userId)!;
    assert.ok(learnt[row]!.length > 0);
    assert.deepEqual([...basis], [...unseen[row]!], 'they are known by what no arm has seen');
    assert.ok(wanted.every((item) => !learnt[row]!.includes(item)));
  }
  assert.ok(shoppers.some(({ isNew }) => isNew));
  assert.deepEqual(drawShoppers(world, 40, 3), drawShoppers(world, 40, 3));
});

test('what was held out is exactly what the split does not learn from', () => {
  const { learnt, unseen, interactions } = world.heldOut;
  const learntTimes: number[] = [];
  const unseenTimes: number[] = [];
  interactions.user.forEach((user, row) => {
    const item = interactions.item[row]!;
    const [inLearnt, inUnseen] = [learnt[user]!.includes(item), unseen[user]!.includes(item)];
    assert.ok(inLearnt || inUnseen);
    if (inLearnt && !inUnseen) learntTimes.push(interactions.time[row]!);
    if (inUnseen && !inLearnt) unseenTimes.push(interactions.time[row]!);
  });
  assert.ok(Math.max(...learntTimes) < Math.min(...unseenTimes));
});

test('a split that holds back one purchase of each is refused', async () => {
  const { interactions, catalogue } = makeShop();
  const { holdOut } = await import('../world/held-out.ts');
  assert.throws(
    () => createWorld(holdOut(interactions, catalogue, 'leave-last-out'), 0, 1),
    /"leave-last-out" holds too little back.*--split time:0\.8/,
  );
});

test('the timeline has each shopper’s visits at their rate and the data’s hours, in order, within the period', () => {
  const shoppers = drawShoppers(world, 100, 2).map((shopper, i) => ({ ...shopper, rate: i === 0 ? 5 : 1 }));
  const period = lastDays(new Date('2026-11-25T10:00:00Z'), 7);
  assert.equal(new Date(period.startMs).toISOString(), '2026-11-18T00:00:00.000Z');
  const visits = timeline(shoppers, world.habits, period, 12, 1);
  const ofFirst = visits.filter(({ shopper }) => shopper === shoppers[0]).length;
  assert.ok(Math.abs(ofFirst - 60) < 5 * Math.sqrt(60));
  assert.ok(Math.abs(visits.length - ofFirst - 99 * 12) < 5 * Math.sqrt(99 * 12));
  visits.forEach(({ atMs, number }, i) => {
    assert.equal(number, i);
    assert.ok(atMs >= period.startMs && atMs < Date.parse('2026-11-25T00:00:00Z'));
    assert.ok(i === 0 || atMs >= visits[i - 1]!.atMs);
  });
  const evening = visits.filter(({ atMs }) => hourOfWeek(atMs) % 24 === 22).length / visits.length;
  assert.ok(Math.abs(evening - (0.8 + 0.2 / 24)) < 0.06);
});
