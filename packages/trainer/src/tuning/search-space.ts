import { type ModelSettings, modelOfKind, type Range, type SearchBase } from '@duet/models';
import type { Rng } from '@duet/random';

export type SearchSpace = Readonly<Record<string, Range>>;

/** What a kind's tuning draws from: the ranges of its settings, as far as the parts that they are about are in use. */
export function searchSpace(kind: string, base: ModelSettings): SearchSpace {
  const model = modelOfKind(kind);
  const ranges: Record<string, Range> = {};
  for (const [name, { search }] of Object.entries(model.settings)) {
    const ofModel = 'search' in model ? model.search?.[name] : undefined;
    const wide = ofModel ?? search ?? false;
    const range = typeof wide === 'function' ? wide(base as SearchBase) : wide;
    if (range) ranges[name] = range;
  }
  return ranges;
}

/** Three significant digits: what a person would write, and far finer than any search. */
const rounded = (value: number): number => Number(value.toPrecision(3));

function draw(range: Range, rng: Rng): unknown {
  if ('choice' in range) return range.choice[Math.floor(rng() * range.choice.length)];
  if (range.zero !== undefined && rng() < range.zero) return 0;
  const value =
    'uniform' in range
      ? range.uniform[0] + rng() * (range.uniform[1] - range.uniform[0])
      : range.log[0] * (range.log[1] / range.log[0]) ** rng();
  return range.integer ? Math.round(value) : rounded(value);
}

/** Share of the settings that a point around a start draws anew. */
const mutated = 0.25;

/**
 * One point of the space (Bergstra & Bengio 2012: independent draws, which waste nothing on settings that do not
 * matter). `fixed` settings keep their values. Around a `start`, a quarter of the settings are drawn, one at least, and
 * the others are as they were there. Augmented vectors mimic tower outputs, so they follow the last layer.
 */
export function sampleSettings(
  space: SearchSpace,
  fixed: Readonly<Record<string, unknown>>,
  rng: Rng,
  start?: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const free = Object.keys(space).filter((name) => !(name in fixed));
  const one = start && free[Math.floor(rng() * free.length)];
  const changed = free.filter((name) => start === undefined || name === one || rng() < mutated);
  const settings = {
    ...start,
    ...Object.fromEntries(changed.map((name) => [name, draw(space[name]!, rng)])),
    ...fixed,
  };
  const { layers } = settings as { layers?: number[] };
  if ('mimicUser' in space && layers !== undefined && !('augmentedDims' in fixed)) {
    settings.augmentedDims = layers.at(-1);
  }
  return settings;
}
