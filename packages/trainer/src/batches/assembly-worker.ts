import { workerData } from 'node:worker_threads';
import { nthRng, type Rng } from '@duet/random';
import { schedule } from '../loop/schedule.ts';
import { type AssemblyPlan, applied, assembled, delivered, ranked } from './assembly.ts';
import { Batcher, type Update } from './batcher.ts';
import { Epochs } from './epochs.ts';
import { LearningTable } from './learning-table.ts';

const {
  space,
  positives,
  settings,
  model,
  itemCategory,
  tables,
  rankedHigh,
  slots,
  control,
  seed,
  from: first,
  steps,
} = workerData as AssemblyPlan;

function waitFor(counter: number, value: number): void {
  for (let now = Atomics.load(control, counter); now < value; now = Atomics.load(control, counter)) {
    Atomics.wait(control, counter, now);
  }
}

function report(counter: number, value: number): void {
  Atomics.store(control, counter, value);
  Atomics.notify(control, counter);
}

const learning = Object.fromEntries(
  Object.entries(tables).map(([name, { rows, dims, values, state, rowRates }]) => [
    name,
    Object.assign(new LearningTable(rows, dims, values, state), { rowRates }),
  ]),
);
let draw: Rng;
const batcher = new Batcher(space, learning, positives, settings, model, itemCategory, () => draw());
const epochs = new Epochs(positives, settings);
let begun = -1;
let renewed = 0;
const perEpoch = epochs.stepsPerEpoch;
const updates: Update[] = [];

for (let step = first; step < steps + slots.length; step++) {
  const place = step % slots.length;
  const done = step - slots.length;
  if (done >= first) {
    waitFor(delivered, done + 1);
    updates[place]!(slots[place]!.gradients, {
      kind: settings.tableOptimizer,
      learningRate: settings.tableLearningRate * schedule(done, steps),
      decay: settings.tableDecay,
    });
    report(applied, done + 1);
  }
  if (step < steps) {
    const epoch = Math.floor(step / perEpoch);
    if (epoch !== begun) epochs.begin(nthRng(seed + 1, epoch));
    begun = epoch;
    const over = Math.floor((step - slots.length) / perEpoch);
    if (rankedHigh.length > 0 && over > renewed) {
      waitFor(ranked, over);
      const items = rankedHigh.length / 2;
      batcher.drawHardNegativesBy(rankedHigh.subarray((over % 2) * items, ((over % 2) + 1) * items));
      renewed = over;
    }
    draw = nthRng(seed, step);
    updates[place] = batcher.assemble(epochs.batch(step % perEpoch), slots[place]!.feeds);
    report(assembled, step + 1);
  }
}
