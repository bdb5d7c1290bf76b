/** How the two sides are made: one file of this folder each. */
export type ArchitectureName = 'towers' | 'fm' | 'youtube-dnn' | 'mind';

/** What a tower model is made of: everything that shapes its graphs. */
export interface TowerSettings {
  architecture: ArchitectureName;
  /** Widths of the fully connected layers; the last is the dimension of p_u and p_v. */
  layers: readonly number[];
  /** Adds a linear map of the input to the last layer. */
  skip: boolean;
  /** YouTubeDNN, MIND: whether vectors have unit length, as those of towers always have. */
  normalize: boolean;
  /** FM: dimensions of a feature's factors. */
  idDims: number;
  /** MIND: items of a user's history, most recent first. */
  history: number;
  /** MIND: interests of a user at most (K), iterations of the routing, and p of the label-aware attention. */
  interests: number;
  routings: number;
  labelPower: number;
  /** Width of the concatenated feature embeddings of each side. */
  userWidth: number;
  itemWidth: number;
  /** Dimensions of a_u and a_v; 0 leaves them out (two-tower). To mimic p they must equal the last layer's width. */
  augmentedDims: number;
  /**
   * Whether a_u and a_v are learnt in two halves, each mimicking its half of the pairs, and a pair's towers see the half
   * that never mimicked the pair itself. They then learn by mimicking alone.
   */
  crossFit: boolean;
  /**
   * `sigmoid`: the paper's cross entropy with own negatives; `softmax`: in-batch and shared negatives, logQ-corrected;
   * `multi-positive`: a user's row has all positives of a moment, in a softmax over the batch's items.
   */
  loss: 'sigmoid' | 'softmax' | 'multi-positive';
  /** Users in a batch: B. */
  batch: number;
  /** sigmoid: negatives per user. softmax: negatives shared by the batch. multi-positive: all of the batch's items. */
  negatives: number;
  /** softmax: further negatives shared by the batch, of those that the model itself ranks high. */
  hardNegatives: number;
  /** τ: divides the inner product before the loss. */
  temperature: number;
  /** Whether τ is trained too, starting from `temperature`. */
  learnTemperature: boolean;
  /** λ1: weight of ‖a_u − p_v‖². */
  mimicUser: number;
  /** λ2: weight of ‖a_v − p_u‖². */
  mimicItem: number;
  /** λ3: weight of the Category Alignment Loss. */
  alignment: number;
  alignmentSquared: boolean;
  /** Categories that the alignment sees, largest first; the rest are left out. 0 where the data has none. */
  categories: number;
}

/** Items in a training batch. But for `multi-positive`: B positives, then the negatives, the hard ones last. */
export function itemsInBatch({ loss, batch, negatives, hardNegatives }: TowerSettings): number {
  if (loss === 'multi-positive') return negatives;
  return batch + (loss === 'sigmoid' ? batch * negatives : negatives + hardNegatives);
}

/** What an architecture gathers from the embedding tables. */
export interface InputPlan {
  /** Width of a feature's embedding; 0 leaves the feature out. Names as in the data: `user_id`, `history`, `title`, … */
  dims(side: 'user' | 'item', name: string): number;
  /** Whether an item's embeddings are summed, all as wide, instead of laid side by side. */
  itemSum: boolean;
  /**
   * How the user's last items come in: pooled from the item ids' table (`shared`), from a table of their `own`, or
   * one after the other, each with all the features of an item (`sequence`).
   */
  history: 'shared' | 'own' | 'sequence';
}
