import type { Database, Prisma, RefreshRun } from '@duet/db';
import type { Gate } from '../gate/gate.ts';

/** What a version starts from; from nothing where it is empty. */
export interface RefreshStart {
  /** The champion, its measured twin, and its version. */
  refitted?: string;
  measured?: string;
  version?: number;
}

/** What the stages of a refresh have found so far: enough to go on after a crash without doing anything twice. */
export interface RefreshState {
  /** The data that it reads; a run of before snapshots has none, and reads the newest. */
  snapshotId?: string;
  /** Events that became data for it. */
  folded?: number;
  /** Training runs of the twin that is measured, and of the version that learns everything. */
  start?: RefreshStart;
  measureRunId?: string;
  measuredModelId?: string;
  refitRunId?: string;
  modelId?: string;
  version?: number;
  gate?: Gate;
}

/** One stage as the admin shows it. */
export interface StageRecord {
  name: string;
  startedAt: string;
  finishedAt: string | null;
  /** What came of it. */
  sentence: string;
  /** What is known when it ends. */
  state: RefreshState;
}

/** A RefreshRun row under way: every change of it is written before the next step is taken. */
export class OpenRefresh {
  readonly id: string;
  #db: Database;
  #stages: StageRecord[];
  state: RefreshState;

  constructor(db: Database, row: RefreshRun) {
    this.id = row.id;
    this.#db = db;
    this.#stages = row.stages as unknown as StageRecord[];
    this.state = { ...this.#stages.at(-1)?.state };
  }

  /** Runs a stage, unless it has ended before. Its work answers with a sentence. */
  async stage(name: string, work: () => Promise<string>): Promise<void> {
    const known = this.#stages.find((stage) => stage.name === name);
    if (known?.finishedAt) return;
    const begun = { name, startedAt: new Date().toISOString(), finishedAt: null, sentence: '', state: this.state };
    const stage = known ?? begun;
    if (known === undefined) this.#stages.push(stage);
    await this.#write({ stage: name });
    stage.sentence = await work();
    stage.finishedAt = new Date().toISOString();
    stage.state = this.state;
    await this.#write({});
  }

  /** Keeps what is known, within a stage. */
  async know(found: RefreshState): Promise<void> {
    this.state = { ...this.state, ...found };
    const stage = this.#stages.at(-1);
    if (stage) stage.state = this.state;
    await this.#write({});
  }

  async end(data: Prisma.RefreshRunUpdateInput): Promise<void> {
    await this.#write({ ...data, finishedAt: new Date() });
  }

  async #write(data: Prisma.RefreshRunUpdateInput): Promise<void> {
    const stages = this.#stages as unknown as Prisma.InputJsonArray;
    await this.#db.prisma.refreshRun.update({ where: { id: this.id }, data: { ...data, stages } });
  }
}

/**
 * The measured twin of a version: of the refresh that the version came of. One that was trained by hand on a split is
 * its own. Undefined where it is gone.
 */
export async function measuredTwin({ prisma }: Database, modelId: string): Promise<string | undefined> {
  const run = await prisma.refreshRun.findFirst({ where: { modelId }, orderBy: { createdAt: 'desc' } });
  const id = (run?.stages as unknown as StageRecord[] | undefined)?.at(-1)?.state.measuredModelId;
  if (id !== undefined) return (await prisma.model.count({ where: { id } })) === 1 ? id : undefined;
  const { parameters } = await prisma.model.findUniqueOrThrow({ where: { id: modelId } });
  return (parameters as { split?: string }).split === 'none' ? undefined : modelId;
}
