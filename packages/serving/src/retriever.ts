import type { VectorIndex } from '@duet/ann';
import { type LoadedModel, openModel } from '@duet/trainer';
import { openIndexFolder } from './index-folder.ts';
import type { PlannedModel } from './plan.ts';
import { createUserVectors, type UserVector } from './user-vectors.ts';

/** One model and the index over its item vectors, open and checked. */
export interface Retriever extends AsyncDisposable {
  planned: PlannedModel;
  model: LoadedModel;
  index: VectorIndex;
  /** External item id → row of the index. */
  rowOf: ReadonlyMap<string, number>;
  userVector(userId: string): Promise<UserVector>;
}

/** Names a retriever: the same model with another index is another retriever. */
export const retrieverKey = (of: { modelId: string; indexId: string }) => `${of.modelId}/${of.indexId}`;

/** Opens a model and its index. @throws DuetError 'corrupt' or 'not-found' with the file and the command that mends it */
export async function openRetriever(dataDir: string, planned: PlannedModel): Promise<Retriever> {
  const model = await openModel(dataDir, planned.modelId);
  try {
    const index = await openIndexFolder(dataDir, planned.indexId, model);
    return {
      planned,
      model,
      index,
      rowOf: new Map(model.items.map((item, row) => [item, row])),
      userVector: createUserVectors((userIds) => model.encodeUsers(userIds), model.dimensions),
      async [Symbol.asyncDispose]() {
        await index[Symbol.asyncDispose]();
        await model[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await model[Symbol.asyncDispose]();
    throw error;
  }
}
