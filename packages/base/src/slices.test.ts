import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inSlices } from './slices.ts';

test('work in slices does every step once, in order, and lets others have their turn between them', async () => {
  const steps: number[] = [];
  let turns = 0;
  let over = false;
  const other = () => {
    turns += 1;
    if (!over) setImmediate(other);
  };
  setImmediate(other);
  await inSlices(
    10,
    (from, to) => {
      for (let step = from; step < to; step++) steps.push(step);
      // As long as a turn of the event loop may last.
      for (const began = performance.now(); performance.now() - began < 5; );
    },
    { size: 4 },
  );
  over = true;
  assert.deepEqual(
    steps,
    Array.from({ length: 10 }, (_, step) => step),
  );
  assert.ok(turns >= 2);
  await inSlices(0, () => assert.fail('there is nothing to do'));
});
