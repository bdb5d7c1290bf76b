import { inSlices } from '@duet/base';
import { isOneKind, type Situation, userItem } from '@duet/datasets';
import { type Executor, type FactorKind, graphSettings, type TrainingSettings } from '@duet/models';
import { type ReadArtifact, readArtifact } from './artifact.ts';
import { Encoder, type UserEncoder } from './encoder.ts';
import { factorEncoder } from './factor-encoder.ts';
import type { Bags } from './inputs/bags.ts';
import { situationReader } from './inputs/context.ts';
import { EmbeddingTable } from './inputs/embedding-table.ts';
import { asEntities, entitiesOf, hideUntrained, noRow, stranger } from './inputs/entity.ts';
import type { Encoded } from './inputs/feature-space.ts';
import { historyOf } from './inputs/histories.ts';
import { poolTerms, tokenize } from './inputs/terms.ts';
import { rowsOf } from './inputs/vocabulary.ts';
import { type ItemTower, itemTower } from './item-tower.ts';

/** One who asks for items. */
export interface EncodeRequest {
  /** The user or query. One that the model never saw is a stranger, of whom only the rest is known. */
  id: string;
  /** In which they ask. */
  situation?: Situation | undefined;
  /** Values of the users' attributes, by the name of the column, over those of the data; several are joined by |. */
  attributes?: Readonly<Record<string, string>> | undefined;
  /**
   * Items that they had after the data end, oldest first. Those that the model does not know are passed over.
   */
  history?: readonly string[] | undefined;
}

/** A trained model, ready to answer. */
export interface LoadedModel extends AsyncDisposable {
  id: string;
  kind: string;
  datasetId: string;
  /** The split whose training part it learnt, or `none`. */
  split: string;
  /**
   * Dimensions of a vector of either side: those of taste, then, where it has them, those of the item-item prior and
   * one of the popularity prior.
   */
  dimensions: number;
  /** The first dimensions, by which users and items are alike. */
  tasteDimensions: number;
  /** An item's score for a user is the largest inner product with one of the user's vectors. */
  vectorsPerUser: number;
  /** Item ids by row. */
  items: string[];
  itemRow: ReadonlyMap<string, number>;
  /** p_v [items, dimensions]: of unit length in their taste where a tower made them. */
  itemVectors: Float32Array;
  /**
   * p_u of these users [n, vectorsPerUser, dimensions]. A user of whom the model knows neither an item nor an attribute
   * gets its cold-start vector and `known` false. Where queries are asked, an unknown one is taken as its own text, and
   * `known` if a word of it is.
   */
  encode(askers: readonly EncodeRequest[]): Promise<{ vectors: Float32Array; known: boolean[] }>;
  /** The same of users of whom nothing is said but, maybe, the situation in which each asks [n]. */
  encodeUsers(
    userIds: readonly string[],
    situations?: readonly (Situation | undefined)[],
  ): Promise<{ vectors: Float32Array; known: boolean[] }>;
  /** Makes vectors of items as they are described now; undefined where the model knows items by their ids alone. */
  itemTower: ItemTower | undefined;
  /** Attributes of users that the model reads. */
  userAttributes: string[];
  /** Equal for situations that are the same to the model; '' where it reads nothing of them. */
  situationKey(situation: Situation): string;
  /**
   * Query vector [dimensions] for the items most like the one of this row: its own vector where a tower made it, else
   * that of a user who has this item alone, since the length of a factorisation's vectors says how popular an item is.
   */
  alike(item: number): Promise<Float32Array>;
  /**
   * Item rows of what is not to be shown to the user: the distinct items that they had in the data that the model
   * learnt, oldest first, and themselves where users are found; nothing for a query.
   */
  seen(userId: string): number[];
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
  const towers = file.family === 'tower' ? await openTowers(executor, artifact, file, precision) : undefined;
  const encoder: UserEncoder =
    file.family === 'factors' ? factorEncoder(kind as FactorKind, file.settings, itemVectors) : towers!;
  const rowOf = await rowByName(users);
  const histories = { start: historyStart, item: historyItem };
  const none = new Int32Array();
  const readSituation = situationReader(artifact.space.context);
  const title = sides.left === 'query' ? artifact.space.encoded.user.title : undefined;
  const queryWords = title && wordsOfQueries(title);
  const attributes = attributesOfUsers(artifact.space.encoded.user);
  const itemRow = await rowByName(items);
  const trainedItems = new Set(historyItem);

  const encode: LoadedModel['encode'] = async (askers) => {
    const rows = Int32Array.from(askers, ({ id }) => rowOf.get(id) ?? noRow);
    const lists = askers.map(({ history = [] }, i) => {
      const had = rows[i] === noRow ? none : historyOf(histories, rows[i]!);
      const later = history.flatMap((item) => itemRow.get(item) ?? []);
      return later.length > 0 ? [...had, ...later] : had;
    });
    const overrides = attributes.overrides(askers, rows);
    if (queryWords) {
      overrides.title = queryWords(
        askers.map(({ id }) => id),
        rows,
      );
    }
    const known = Object.values(overrides);
    const situations = askers.map(({ situation }) => situation);
    // The id of one who had nothing in training was not trained either, whatever they had since.
    const trained = (row: number) => historyStart[row]! < historyStart[row + 1]!;
    return {
      vectors: await encoder.users(hideUntrained(entitiesOf(rows), trained), lists, situations, overrides),
      known: lists.map((list, i) => list.length > 0 || known.some(({ start, row }) => row[start[i]!] !== 0)),
    };
  };
  return {
    id,
    kind,
    datasetId,
    split,
    dimensions: encoder.dims,
    tasteDimensions: encoder.tasteDims,
    vectorsPerUser: encoder.vectorsPerUser,
    items,
    itemRow,
    itemVectors,
    encode,
    encodeUsers: (userIds, situations = []) => encode(userIds.map((id, i) => ({ id, situation: situations[i] }))),
    itemTower:
      towers &&
      itemTower(
        towers,
        artifact.space,
        (item) => itemRow.get(item),
        (row) => trainedItems.has(row),
      ),
    userAttributes: attributes.names,
    situationKey: (situation) => Object.values(readSituation(situation)).join(),
    async alike(item) {
      return file.family === 'factors'
        ? encoder.users(asEntities(Int32Array.of(stranger)), [[item]])
        : itemVectors.slice(item * encoder.dims, (item + 1) * encoder.dims).fill(0, encoder.tasteDims);
    },
    seen(userId) {
      if (sides.left === 'query') return [];
      const row = rowOf.get(userId);
      const had = row === undefined ? [] : [...new Set(historyOf(histories, row))];
      const self = isOneKind(sides) ? itemRow.get(userId) : undefined;
      return self === undefined ? had : [...had, self];
    },
    [Symbol.asyncDispose]: () => encoder[Symbol.asyncDispose](),
  };
}

async function rowByName(names: readonly string[]): Promise<Map<string, number>> {
  const rows = new Map<string, number>();
  await inSlices(names.length, (from, to) => {
    for (let row = from; row < to; row++) rows.set(names[row]!, row);
  });
  return rows;
}

async function inFloat16(values: Float32Array): Promise<Float16Array> {
  const half = new Float16Array(values.length);
  await inSlices(values.length, (from, to) => half.set(values.subarray(from, to), from), { size: 5_000 });
  return half;
}

async function openTowers(
  executor: Executor,
  { space, params, tables }: ReadArtifact,
  { kind, settings }: { kind: string; settings: TrainingSettings },
  precision: 'float32' | 'float16',
): Promise<Encoder> {
  const embedding: Record<string, EmbeddingTable> = {};
  for (const [name, { rows, dims, values }] of Object.entries(tables)) {
    embedding[name] = new EmbeddingTable(rows, dims, precision === 'float16' ? await inFloat16(values) : values);
  }
  return Encoder.open(executor, graphSettings(kind, settings, space), space, embedding, settings, params);
}

/**
 * The bags of queries' words: those of the data at their rows, others from what they are called, which is their text.
 */
function wordsOfQueries({ vocabulary, bags }: Encoded): (queries: readonly string[], rows: Int32Array) => Bags {
  const rowOf = rowsOf(vocabulary);
  const wordsOf = (row: number) =>
    Array.from(bags.row.subarray(bags.start[row]!, bags.start[row + 1]!), (term) => vocabulary[term - 1] ?? '');
  return (queries, rows) =>
    poolTerms(
      queries.map((query, i) => (rows[i] === noRow ? tokenize(query) : wordsOf(rows[i]!))),
      rowOf,
    );
}

/** What an asker may say of themselves: the features that are neither ids, nor words, nor the situation. */
function attributesOfUsers(encoded: Record<string, Encoded>): {
  names: string[];
  /** Bags [askers] of each feature that one of them says something of, the others' being their own. */
  overrides(askers: readonly EncodeRequest[], rows: Int32Array): Record<string, Bags>;
} {
  const features = Object.entries(encoded)
    .filter(([name]) => name !== 'user_id' && name !== 'title')
    .map(([name, { vocabulary, bags }]) => ({ name, vocabulary, bags, rowOf: rowsOf(vocabulary) }));
  return {
    names: features.map(({ name }) => name),
    overrides: (askers, rows) =>
      Object.fromEntries(
        features
          .filter(({ name }) => askers.some(({ attributes }) => attributes?.[name] !== undefined))
          .map(({ name, vocabulary, bags, rowOf }) => {
            const trainedTerms = (row: number) =>
              row === noRow
                ? []
                : Array.from(
                    bags.row.subarray(bags.start[row]!, bags.start[row + 1]!),
                    (term) => vocabulary[term - 1] ?? '',
                  );
            const terms = askers.map(({ attributes }, i) => attributes?.[name]?.split('|') ?? trainedTerms(rows[i]!));
            return [name, poolTerms(terms, rowOf)];
          }),
      ),
  };
}
