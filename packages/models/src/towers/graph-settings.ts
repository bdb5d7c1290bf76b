import type { TrainingSettings } from '../settings/tower.ts';

/** What shapes the graphs of a model that is trained by gradient. */
export interface GraphSettings
  extends Pick<
    TrainingSettings,
    | 'loss'
    | 'batch'
    | 'negatives'
    | 'hardNegatives'
    | 'temperature'
    | 'learnTemperature'
    | 'skip'
    | 'outputRelu'
    | 'layers'
    | 'idDims'
    | 'history'
    | 'normalize'
    | 'interests'
    | 'routings'
    | 'labelPower'
    | 'augmentedDims'
    | 'crossFit'
    | 'mimicUser'
    | 'mimicItem'
    | 'alignment'
    | 'alignmentSquared'
  > {
  /** Key in the registry. */
  kind: string;
  /** Width of the concatenated feature embeddings of each side. */
  userWidth: number;
  itemWidth: number;
  /** Categories that the alignment sees, largest first; the rest are left out. 0 where the data has none. */
  categories: number;
}

/** Items in a training batch. But for `multi-positive`: B positives, then the negatives, the hard ones last. */
export function itemsInBatch({ loss, batch, negatives, hardNegatives }: GraphSettings): number {
  if (loss === 'multi-positive') return negatives;
  return batch + (loss === 'sigmoid' ? batch * negatives : negatives + hardNegatives);
}

/** What an architecture gathers from the embedding tables. */
export interface InputPlan {
  /**
   * Width of a feature's embedding; 0 leaves the feature out. Names as in the data: `user_id`, `history`, `title`, …
   */
  dims(side: 'user' | 'item', name: string): number;
  /** Whether an item's embeddings are summed, all as wide, instead of laid side by side. */
  itemSum: boolean;
  /**
   * How the user's last items come in: pooled from the item ids' table (`shared`), from a table of their `own`, or
   * one after the other, each with all the features of an item (`sequence`).
   */
  history: 'shared' | 'own' | 'sequence';
}
