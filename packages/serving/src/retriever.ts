import type { VectorIndex } from '@duet/ann';
import { DuetError } from '@duet/config';
import type { Situation } from '@duet/datasets';
import type { Executor } from '@duet/models';
import { type LoadedModel, openModel } from '@duet/trainer';
import type { ServedDataset } from './dataset.ts';
import { openIndexFolder } from './index-folder.ts';
import type { PlannedModel } from './plan.ts';
import { createUserVectors, type UserVectors } from './user-vectors.ts';

/** One model and the index over its item vectors, open and checked. */
export interface Retriever extends AsyncDisposable {
  planned: PlannedModel;
  model: LoadedModel;
  index: VectorIndex;
  /** Row of the index → catalogue row. */
  catalogueRow: Int32Array;
  /** Catalogue row → row of the index, or −1. */
  rowOf: Int32Array;
  userVectors(userId: string, situation?: Situation): Promise<UserVectors>;
}

/** Names a retriever: the same model with another index is another retriever. */
export const retrieverKey = (of: { modelId: string; indexId: string }) => `${of.modelId}/${of.indexId}`;

/** Opens a model and its index. @throws DuetError 'corrupt' or 'not-found' with the file and the command that mends it */
export async function openRetriever(
  { dataDir, executor }: { dataDir: string; executor: Executor },
  planned: PlannedModel,
  { itemRow }: Pick<ServedDataset, 'itemRow'>,
): Promise<Retriever> {
  await using opened = new AsyncDisposableStack();
  const model = opened.use(await openModel(dataDir, planned.modelId, executor, { precision: 'float16' }));
  const index = opened.use(await openIndexFolder(dataDir, planned.indexId, model));
  const rowOf = new Int32Array(itemRow.size).fill(-1);
  const catalogueRow = Int32Array.from(model.items, (item, row) => {
    const catalogued = itemRow.get(item);
    if (catalogued === undefined) {
      throw new DuetError('corrupt', `Model ${planned.name} knows item ${item}, which its dataset does not have.`);
    }
    rowOf[catalogued] = row;
    return catalogued;
  });
  const width = model.vectorsPerUser * model.dimensions;
  const userVectors = createUserVectors((userIds, situations) => model.encodeUsers(userIds, situations), width, {
    situationKey: (situation) => model.situationKey(situation),
  });
  const owned = opened.move();
  const dispose = () => owned.disposeAsync();
  return { planned, model, index, catalogueRow, rowOf, userVectors, [Symbol.asyncDispose]: dispose };
}
