import { isOneKind, type Situation, userItem } from '@duet/datasets';
import type { Executor } from '@duet/models';
import { type ReadArtifact, readArtifact } from './artifact.ts';
import { unknown } from './batches.ts';
import { situationReader } from './context.ts';
import { Encoder, type UserEncoder } from './encoder.ts';
import { type FactorKind, factorEncoder } from './factors.ts';
import { type Encoded, poolTerms, tokenize } from './features.ts';
import { historyOf } from './histories.ts';
import { type TrainingSettings, towerSettings } from './settings.ts';
import { type Bags, EmbeddingTable } from './tables.ts';
import { rowsOf } from './vocabulary.ts';

/** A trained model, ready to answer. */
export interface LoadedModel extends AsyncDisposable {
  id: string;
  kind: string;
  datasetId: string;
  /** The split whose training part it learnt, or `none`. */
  split: string;
  /** Dimensions of a vector of either side. */
  dimensions: number;
  /** An item's score for a user is the largest inner product with one of the user's vectors. */
  vectorsPerUser: number;
  /** Item ids by row. */
  items: string[];
  /** p_v [items, dimensions]: of unit length where a tower made them. */
  itemVectors: Float32Array;
  /**
   * p_u of these users [n, vectorsPerUser, dimensions]. A user whom the model never saw gets its cold-start vector and
   * `known` false. Where queries are asked, an unknown one is taken as its own text, and `known` if a word of it is.
   *
   * @param situations [n] in which they ask; nothing is known of those that are left out.
   */
  encodeUsers(
    userIds: readonly string[],
    situations?: readonly (Situation | undefined)[],
  ): Promise<{ vectors: Float32Array; known: boolean[] }>;
  /** Equal for situations that are the same to the model; '' where it hears of none. */
  situationKey(situation: Situation): string;
  /**
   * Query vector [dimensions] for the items most like the one of this row: its own vector where a tower made it, else that
   * of a user who has this item alone, since the length of a factorisation's vectors says how popular an item is.
   */
  alike(item: number): Promise<Float32Array>;
  /**
   * Ids of what is not to be shown to the user: the distinct items that they had in the data that the model learnt, oldest
   * first, and themselves where users are found; nothing for a query.
   */
  seen(userId: string): string[];
}

/**
 * @param precision `float16` halves the memory of the embedding tables, for serving: a vector moves by about 1e-3
 * @throws DuetError `not-found` or `corrupt`, as `readArtifact`
 */
export async function openModel(
  dataDir: string,
  modelId: string,
  executor: Executor,
  { precision = 'float32' }: { precision?: 'float32' | 'float16' } = {},
): Promise<LoadedModel> {
  const artifact = await readArtifact(dataDir, modelId);
  const { file, itemVectors, historyStart, historyItem } = artifact;
  const { id, kind, datasetId, split, users, items, sides = userItem } = file;
  const encoder: UserEncoder =
    file.family === 'factors'
      ? factorEncoder(kind as FactorKind, file.settings, itemVectors)
      : await openTowers(executor, artifact, file, precision);
  const rowOf = new Map(users.map((user, row) => [user, row]));
  const histories = { start: historyStart, item: historyItem };
  const none = new Int32Array();
  const hear = situationReader(artifact.space.context);
  const title = sides.left === 'query' ? artifact.space.encoded.user.title : undefined;
  const queryWords = title && wordsOfQueries(title);
  return {
    id,
    kind,
    datasetId,
    split,
    dimensions: encoder.dims,
    vectorsPerUser: encoder.vectorsPerUser,
    items,
    itemVectors,
    async encodeUsers(userIds, situations) {
      const rows = Int32Array.from(userIds, (user) => rowOf.get(user) ?? unknown);
      const lists = Array.from(rows, (row) => (row === unknown ? none : historyOf(histories, row)));
      const known = lists.map((list) => list.length > 0);
      if (queryWords === undefined) return { vectors: await encoder.users(rows, lists, situations), known };
      const title = queryWords(userIds, rows);
      return {
        vectors: await encoder.users(rows, lists, situations, { title }),
        known: known.map((had, i) => had || title.row[title.start[i]!] !== 0),
      };
    },
    situationKey: (situation) => Object.values(hear(situation)).join(),
    async alike(item) {
      return file.family === 'factors'
        ? encoder.users(Int32Array.of(unknown), [[item]])
        : itemVectors.subarray(item * encoder.dims, (item + 1) * encoder.dims);
    },
    seen(userId) {
      if (sides.left === 'query') return [];
      const row = rowOf.get(userId);
      const had = row === undefined ? [] : Array.from(new Set(historyOf(histories, row)), (item) => items[item]!);
      return isOneKind(sides) ? [...had, userId] : had;
    },
    [Symbol.asyncDispose]: () => encoder[Symbol.asyncDispose](),
  };
}

function openTowers(
  executor: Executor,
  { space, params, tables }: ReadArtifact,
  { kind, settings }: { kind: string; settings: TrainingSettings },
  precision: 'float32' | 'float16',
): Promise<Encoder> {
  const embedding = Object.fromEntries(
    Object.entries(tables).map(([name, { rows, dims, values }]) => [
      name,
      new EmbeddingTable(rows, dims, precision === 'float16' ? new Float16Array(values) : values),
    ]),
  );
  return Encoder.open(executor, towerSettings(kind, settings, space), space, embedding, settings, params);
}

/** The bags of queries' words: those of the data at their rows, others from what they are called, which is their text. */
function wordsOfQueries({ vocabulary, bags }: Encoded): (queries: readonly string[], rows: Int32Array) => Bags {
  const rowOf = rowsOf(vocabulary);
  const wordsOf = (row: number) =>
    Array.from(bags.row.subarray(bags.start[row]!, bags.start[row + 1]!), (term) => vocabulary[term - 1] ?? '');
  return (queries, rows) =>
    poolTerms(
      queries.map((query, i) => (rows[i] === unknown ? tokenize(query) : wordsOf(rows[i]!))),
      rowOf,
    );
}
