import type { Situation } from '@duet/datasets';
import {
  type Executor,
  type GraphSettings,
  type Session,
  type TrainingSettings,
  towerGraph,
  type Values,
  vectorDims,
  vectorsPerUser,
} from '@duet/models';
import { seededRng } from '@duet/random';
import { type Bags, distinctBags, selectBags, singleBags } from './inputs/bags.ts';
import { contextOfSituations, situationReader } from './inputs/context.ts';
import type { EmbeddingTable } from './inputs/embedding-table.ts';
import { asEntities, type Entities, hideUntrained, idRow } from './inputs/entity.ts';
import type { FeatureSpace } from './inputs/feature-space.ts';
import { gather, historyLengths, pooled } from './inputs/gather.ts';
import { itemItemTables, popularityTable } from './inputs/priors.ts';

/** Turns users into vectors. */
export interface UserEncoder extends AsyncDisposable {
  /**
   * Dimensions of a vector: those of taste, then, where it has them, those of the item-item prior and one of the
   * popularity prior.
   */
  readonly dims: number;
  /** The first dimensions, that say what is liked. */
  readonly tasteDims: number;
  readonly vectorsPerUser: number;
  /**
   * p_u of users [n] with their histories (item rows, oldest first) → [n, vectorsPerUser, dims]. A user without one
   * was never trained on, so that its id is hidden.
   *
   * @param situations [n] in which they ask; nothing is known of those that are left out.
   * @param overrides Bags [n] to take in the place of the users' own, by feature name.
   */
  users(
    users: Entities,
    histories: ArrayLike<number>[],
    situations?: readonly (Situation | undefined)[],
    overrides?: Record<string, Bags>,
  ): Promise<Float32Array>;
}

/** Both towers, ready to turn users and items into vectors. Works in blocks, since a graph has one batch size. */
export class Encoder implements UserEncoder {
  readonly dims: number;
  readonly tasteDims: number;
  readonly vectorsPerUser: number;
  #space: FeatureSpace;
  #tables: Record<string, EmbeddingTable>;
  #settings: TrainingSettings;
  /** What each side has of the item-item prior, by item. */
  #itemItem: Record<'user' | 'item', EmbeddingTable | undefined>;
  /** [1 + items] the popularity prior. */
  #popularity: EmbeddingTable['values'] | undefined;
  #readSituation: ReturnType<typeof situationReader>;
  #sessions: { side: 'user' | 'item'; n: number; session: Session }[];

  private constructor(
    model: GraphSettings,
    space: FeatureSpace,
    tables: Record<string, EmbeddingTable>,
    settings: TrainingSettings,
    sessions: { side: 'user' | 'item'; n: number; session: Session }[],
  ) {
    this.#space = space;
    this.#tables = tables;
    this.#settings = settings;
    this.#readSituation = situationReader(space.context);
    this.#sessions = sessions;
    this.#popularity = tables[popularityTable]?.values;
    this.tasteDims = vectorDims(model);
    this.#itemItem = { user: tables[itemItemTables.history], item: tables[itemItemTables.item] };
    this.dims = this.tasteDims + (this.#itemItem.item?.dims ?? 0) + (this.#popularity ? 1 : 0);
    this.vectorsPerUser = vectorsPerUser(model);
  }

  static async open(
    executor: Executor,
    model: GraphSettings,
    space: FeatureSpace,
    tables: Record<string, EmbeddingTable>,
    settings: TrainingSettings,
    params: Values,
  ): Promise<Encoder> {
    const sizes = [
      { side: 'user', n: 1 },
      { side: 'user', n: 256 },
      { side: 'item', n: 256 },
    ] as const;
    const sessions = await Promise.all(
      sizes.map(async ({ side, n }) => {
        const session = await executor.open(towerGraph(model, side, n), seededRng(0));
        await session.load(params);
        return { side, n, session };
      }),
    );
    return new Encoder(model, space, tables, settings, sessions);
  }

  /** Takes over the dense parameters of the model as trained so far. */
  async load(params: Values): Promise<void> {
    for (const { session } of this.#sessions) await session.load(params);
  }

  /**
   * p_v of items [n] → [n, dims], with the dimensions of their priors.
   *
   * @param overrides Bags [n] to take in the place of the items' own, by feature name.
   */
  items(items: Entities, overrides: Record<string, Bags> = {}): Promise<Float32Array> {
    return this.#encode('item', items, (block, from) => ({
      users: asEntities(new Int32Array()),
      histories: [],
      items: block,
      itemOverrides: blockOf(overrides, from, block.length, items.length),
    }));
  }

  users(
    users: Entities,
    histories: ArrayLike<number>[],
    situations: readonly (Situation | undefined)[] = [],
    overrides: Record<string, Bags> = {},
  ): Promise<Float32Array> {
    const situationRows = Array.from(users, (_, place) => this.#readSituation(situations[place]));
    const all = { ...overrides, ...contextOfSituations(this.#space.context, situationRows) };
    const hidden = hideUntrained(users, (_, place) => (histories[place]?.length ?? 0) > 0);
    return this.#encode('user', hidden, (block, from) => ({
      users: block,
      histories: Array.from(block, (_, i) => histories[from + i] ?? []),
      items: asEntities(new Int32Array()),
      userOverrides: blockOf(all, from, block.length, users.length),
    }));
  }

  async #encode(
    side: 'user' | 'item',
    entities: Entities,
    batchOf: (block: Entities, from: number) => Parameters<typeof gather>[3],
  ): Promise<Float32Array> {
    const sessions = this.#sessions.filter((candidate) => candidate.side === side);
    const { n, session } = sessions.find((candidate) => candidate.n >= entities.length) ?? sessions.at(-1)!;
    const width = side === 'user' ? this.vectorsPerUser * this.dims : this.dims;
    const out = new Float32Array(entities.length * width);
    for (let from = 0; from < entities.length; from += n) {
      // The last block is filled up with its first entity, and the surplus dropped.
      const block = asEntities(new Int32Array(n).fill(entities[from]!));
      block.set(entities.subarray(from, from + n));
      const batch = batchOf(block, from);
      const feeds = pooled(gather(this.#space, this.#tables, this.#settings, batch));
      if (this.#space.sequence.length > 0) feeds.historyLength = historyLengths(batch.histories, this.#settings);
      const { vectors } = await session.run(feeds);
      const count = Math.min(n, entities.length - from);
      const into = out.subarray(from * width, (from + count) * width);
      if (this.dims === this.tasteDims) into.set(vectors!.subarray(0, into.length));
      else this.#join(vectors!, side, block.subarray(0, count), batch.histories, into);
    }
    return out;
  }

  /**
   * Writes vectors [n, tasteDims] with the priors' dimensions: of the item-item prior an item's own, and the sum over a
   * user's distinct items; of popularity an item's own number, and 1 for users, who all get it in full.
   */
  #join(
    vectors: Float32Array,
    side: 'user' | 'item',
    entities: Int32Array,
    histories: ArrayLike<number>[],
    out: Float32Array,
  ): void {
    const { tasteDims, dims } = this;
    const each = side === 'user' ? this.vectorsPerUser : 1;
    const rows = entities.map(idRow);
    for (let at = 0; at < entities.length * each; at++) {
      out.set(vectors.subarray(at * tasteDims, (at + 1) * tasteDims), at * dims);
      if (this.#popularity) out[(at + 1) * dims - 1] = side === 'user' ? 1 : this.#popularity[rows[at]!]!;
    }
    const bags = () => (side === 'user' ? distinctBags(histories, entities.length, each) : singleBags(rows));
    this.#itemItem[side]?.pool(bags(), out, dims, tasteDims);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { session } of this.#sessions) await session[Symbol.asyncDispose]();
  }
}

/** Of bags [n] by feature name, those of one block, filled up with its first. */
const blockOf = (overrides: Record<string, Bags>, from: number, length: number, n: number): Record<string, Bags> =>
  Object.fromEntries(
    Object.entries(overrides).map(([name, bags]) => {
      const places = Array.from({ length }, (_, i) => (from + i < n ? from + i : from));
      return [name, selectBags(bags, places)];
    }),
  );
