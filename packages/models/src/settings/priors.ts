import { z } from 'zod';
import { maxEaseItems } from '../baselines/ease.ts';
import { setting } from './setting.ts';

/** What is added to the towers' inner product in a served score. */
export const priorSettings = {
  popularityWeight: setting({
    schema: z.number().min(0).max(10),
    meaning: "α of the popularity prior: the served score is ⟨p_u, p_v⟩ + α log(1 + the item's interactions).",
    paper: 0,
    fast: 0.1,
    later: true,
  }),
  popularityHalfLife: setting({
    schema: z.number().min(0).max(100_000),
    meaning:
      'Days after which an interaction counts half in the prior, which data without time then have none of; 0: ' +
      'all count alike.',
    paper: 0,
    fast: 7,
    later: true,
  }),
  itemItemWeight: setting({
    schema: z.number().min(0).max(100),
    meaning:
      'β of the item-item prior: the served score is ⟨p_u, p_v⟩ + β · what EASE gives the item, in few ' +
      `dimensions. Queries have none, nor has a catalogue above ${maxEaseItems} items.`,
    paper: 0,
    best: 0.5,
    later: true,
    search: ({ itemItemWeight }) => itemItemWeight > 0 && { choice: [0, 0.25, 0.5, 1] },
  }),
  itemItemDims: setting({
    schema: z.int().min(1).max(512),
    meaning: 'Dimensions of the item-item prior.',
    paper: 128,
    later: true,
  }),
  itemItemRegularisation: setting({
    schema: z.number().gt(0).max(1e6),
    meaning: "λ of the item-item prior's EASE: penalty of the squared weights.",
    paper: 300,
    later: true,
  }),
};
