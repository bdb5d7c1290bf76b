import { type LoadedModel, openModel } from '@duet/artifact';
import type { Executor } from '@duet/models';
import { type CacheCount, createUserVectors } from '../users/user-vectors.ts';

/** A model in memory, with the user vectors it remembers. */
export interface HeldModel extends AsyncDisposable {
  model: LoadedModel;
  userVectors: ReturnType<typeof createUserVectors>;
}

interface Entry {
  opened: Promise<Omit<HeldModel, typeof Symbol.asyncDispose>>;
  holders: number;
}

/**
 * Models that are open: one for all its indexes, so that another index of a model is served without reading the model
 * again, and with the user vectors that were computed already. One that nobody holds is closed.
 */
export class OpenModels {
  #options: { dataDir: string; executor: Executor; count: CacheCount };
  #entries = new Map<string, Entry>();

  constructor(options: { dataDir: string; executor: Executor; count: CacheCount }) {
    this.#options = options;
  }

  /** Opens a model unless it is. Dispose to let go of it. @throws DuetError as `openModel` */
  async hold(modelId: string): Promise<HeldModel> {
    let entry = this.#entries.get(modelId);
    if (entry === undefined) {
      entry = { opened: this.#open(modelId), holders: 0 };
      this.#entries.set(modelId, entry);
    }
    const held = entry;
    held.holders += 1;
    const letGo = async () => {
      held.holders -= 1;
      if (held.holders > 0) return;
      if (this.#entries.get(modelId) === held) this.#entries.delete(modelId);
      const { model } = await held.opened;
      await model[Symbol.asyncDispose]();
    };
    try {
      return { ...(await held.opened), [Symbol.asyncDispose]: letGo };
    } catch (error) {
      // What could not be opened is tried anew by whoever asks next.
      if (this.#entries.get(modelId) === held) this.#entries.delete(modelId);
      throw error;
    }
  }

  async #open(modelId: string) {
    const { dataDir, executor, count } = this.#options;
    const model = await openModel(dataDir, modelId, executor, { precision: 'float16' });
    const userVectors = createUserVectors(model.encode, model.vectorsPerUser * model.dimensions, {
      count,
      situationKey: (situation) => model.situationKey(situation),
    });
    return { model, userVectors };
  }
}
