import { areSearchable } from '@duet/ann';
import type { EncodeRequest, LoadedModel } from '@duet/artifact';
import { DuetError, inSlices } from '@duet/base';
import { FilterBitmaps } from './catalogue/bitmaps.ts';
import type { LiveCatalogue } from './catalogue/catalogue.ts';
import { Delta } from './catalogue/delta.ts';
import { parseSnapshot } from './catalogue/snapshot.ts';
import type { ServedDataset } from './dataset.ts';
import { openIndexFolder } from './indexing/index-folder.ts';
import type { OpenModels } from './lifecycle/open-models.ts';
import type { PlannedModel } from './lifecycle/plan.ts';
import type { Searched } from './search.ts';
import { openUserIndex, type UserIndex } from './users/similar-users.ts';
import { type UserVectors, unsound } from './users/user-vectors.ts';

/** One model and the index over its item vectors, open, checked, and in step with the catalogue. */
export interface Retriever extends AsyncDisposable, Searched {
  planned: PlannedModel;
  model: LoadedModel;
  userVectors(asker: EncodeRequest, version?: number): Promise<UserVectors>;
  /** Catalogue rows of what the model knows that a user had. */
  seen(userId: string): number[];
  /** The dataset's users by their own vectors: made at the first call, which takes some seconds. */
  users(dataset: ServedDataset): Promise<UserIndex>;
  /** Query vector for the items most like one, by catalogue row; undefined of an item that the model does not know. */
  alike(item: number): Promise<Float32Array | undefined>;
}

/** Names a retriever: the same model with another index is another retriever. */
export const retrieverKey = (of: { modelId: string; indexId: string }) => `${of.modelId}/${of.indexId}`;

/**
 * Opens a model and its index. @throws DuetError 'corrupt' or 'not-found' with the file and the command that mends it
 */
export async function openRetriever(
  { dataDir, models }: { dataDir: string; models: OpenModels },
  planned: PlannedModel,
  catalogue: LiveCatalogue,
): Promise<Retriever> {
  await using opened = new AsyncDisposableStack();
  const { model, userVectors } = opened.use(await models.hold(planned.modelId));
  const { index, meta } = await openIndexFolder(dataDir, planned.indexId, model);
  opened.use(index);
  const catalogued = (itemId: string): number => {
    const row = catalogue.rowOf.get(itemId);
    if (row !== undefined) return row;
    throw new DuetError('corrupt', `Model ${planned.name} knows item ${itemId}, which its dataset does not have.`);
  };
  const withdrawn = new Set(meta.withdrawn);
  const rowOf = new Int32Array(catalogue.ids.length).fill(-1);
  const catalogueRow = new Int32Array(model.items.length - withdrawn.size + meta.added.length);
  const modelled = new Int32Array(model.items.length);
  let indexed = 0;
  const place = (item: number) => {
    rowOf[item] = indexed;
    catalogueRow[indexed++] = item;
  };
  await inSlices(model.items.length, (from, to) => {
    for (let row = from; row < to; row++) {
      modelled[row] = catalogued(model.items[row]!);
      if (!withdrawn.has(model.items[row]!)) place(modelled[row]!);
    }
  });
  for (const itemId of meta.added) place(catalogued(itemId));
  const bitmaps = new FilterBitmaps(catalogue, catalogueRow);
  const encoded = new Set([...meta.encoded, ...meta.added]);
  const built = meta.catalogueSeen === undefined ? undefined : parseSnapshot(meta.catalogueSeen);
  const modelRow = model.itemRow;
  const delta = opened.use(await Delta.open(model, modelRow, catalogue, bitmaps, { rowOf, encoded, built }));

  const alike = async (item: number): Promise<Float32Array | undefined> => {
    const fresh = delta.vectorOf(item);
    if (fresh !== undefined) return fresh;
    const learnt = modelRow.get(catalogue.ids[item]!);
    const description = catalogue.describe(item);
    const isEdited = model.itemTower?.differs(description) ?? false;
    const vector = isEdited
      ? await model.itemTower!.encode([description])
      : learnt === undefined
        ? undefined
        : await model.alike(learnt);
    if (vector !== undefined && !areSearchable(vector)) throw unsound();
    return vector;
  };
  const owned = opened.move();
  let users: Promise<UserIndex> | undefined;
  const openUsers = async (dataset: ServedDataset) => owned.use(await openUserIndex(model, dataset));
  const dispose = () => owned.disposeAsync();
  return {
    planned,
    model,
    index,
    nprobe: planned.nprobe ?? undefined,
    catalogue,
    catalogueRow,
    rowOf,
    bitmaps,
    delta,
    userVectors,
    seen: (userId) => model.seen(userId).map((row) => modelled[row]!),
    alike,
    users(dataset) {
      users ??= openUsers(dataset).catch((error) => {
        users = undefined;
        throw error;
      });
      return users;
    },
    [Symbol.asyncDispose]: dispose,
  };
}
