import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { loadSafetensors, type NamedTensor, saveSafetensors, type TensorData } from '@duet/artifact';
import type { FeatureSpace, Histories } from '@duet/artifact/inputs';
import { DuetError } from '@duet/base';
import type { FactorTraining, TrainingSettings, Values } from '@duet/models';
import type { LearningTable } from '../batches/learning-table.ts';
import type { Positives } from '../batches/positives.ts';

/** One point of a training curve, after each epoch. */
export interface CurvePoint {
  epoch: number;
  step: number;
  seconds: number;
  /** Mean over the epoch's steps: total and each part. */
  loss: Record<string, number>;
  /** Metrics on the validation users; none where there are none. */
  validation: Record<string, number>;
}

/** The weights of the epoch that did best on the validation users. */
export interface BestEpoch {
  epoch: number;
  score: number;
  params: Values;
  /** Values of each table. */
  tables: Record<string, Float32Array>;
}

/** Where a training stands between two steps. */
export interface Training {
  /** Steps done. */
  step: number;
  /** Of each loss over the steps of the epoch under way. */
  sums: Record<string, number>;
  curve: CurvePoint[];
  best: BestEpoch | undefined;
}

/** Everything that the rest of a training depends on. */
export interface Checkpoint extends Training {
  /** Spent so far. */
  seconds: number;
  /** Dense params and their optimiser's state, as `Session.state` gives them. */
  dense: Values;
  /** Each table's values and its optimiser's state. */
  tables: Record<string, Record<string, TensorData>>;
  /** What hard negatives are drawn from, as the assembly has it. */
  rankedHigh: Int32Array;
  /** The next step's inputs: they were gathered before the last step's rows moved. */
  feeds: Values;
}

/** What there is of neither tables nor a step under way. */
export const betweenEpochs = { sums: {}, best: undefined, tables: {}, rankedHigh: new Int32Array(), feeds: {} };

/** Settings that may change between a checkpoint and the training that resumes from it. */
const changeable = {
  tower: [
    'augmentedLearningRate',
    'epochs',
    'learningRate',
    'patience',
    'tableDecay',
    'tableLearningRate',
    'temperature',
    'weightDecay',
  ] satisfies (keyof TrainingSettings)[],
  factors: ['sweeps'] satisfies (keyof FactorTraining)[],
};

/** Changes with what a checkpoint holds. */
const format = 2;

/** Begun with the format, the settings that may not change, and what else there is to tell trainings apart by. */
const keyOf = (family: keyof typeof changeable, settings: object, rest: unknown) => {
  const fixed = Object.entries(settings).filter(([name]) => !(changeable[family] as string[]).includes(name));
  return createHash('sha256').update(JSON.stringify([format, rest, fixed]));
};

/** SHA-256 of everything else that a factorisation depends on. */
export const factorKey = (settings: FactorTraining, { start, item }: Histories, rest: unknown): string =>
  keyOf('factors', settings, rest).update(start).update(item).digest('hex');

/** SHA-256 of everything else that a training of towers depends on. */
export function towerKey(
  settings: TrainingSettings,
  { user, item, row, historyEnd, histories }: Positives,
  space: FeatureSpace,
  rest: unknown,
): string {
  const { encoded, context, ...layout } = space;
  const hash = keyOf('tower', settings, [rest, layout]);
  for (const values of [user, item, historyEnd, histories.start, histories.item]) hash.update(values);
  for (const { vocabulary, bags } of [...Object.values(encoded.user), ...Object.values(encoded.item)])
    hash.update(vocabulary.join('\n')).update(bags.start).update(bags.row);
  for (const { vocabulary, row: rows } of Object.values(context)) {
    hash.update(vocabulary.join('\n')).update(row.map((at) => rows[at]!));
  }
  return hash.digest('hex');
}

/** `<dataDir>/checkpoints/<run>.safetensors` */
export const checkpointPath = (dataDir: string, runId: string): string =>
  path.join(dataDir, 'checkpoints', `${runId}.safetensors`);

/** A table as a checkpoint keeps it. */
export const tableTensors = ({ values, state }: LearningTable): Record<string, TensorData> => ({
  values: values as Float32Array,
  ...(state && { state }),
});

const flat = (prefix: string, tensors: Record<string, TensorData>): [string, NamedTensor][] =>
  Object.entries(tensors).map(([name, data]) => [`${prefix}${name}`, { shape: [data.length], data }]);

/** One training's checkpoint on disk: there is none, or one that is whole. */
export class CheckpointFile {
  readonly file: string;
  #family: keyof typeof changeable;
  #key: string;

  /**
   * @param key {@link towerKey} or {@link factorKey}, equal for the training that wrote the checkpoint and the one that
   * resumes
   */
  constructor(file: string, family: keyof typeof changeable, key: string) {
    this.file = file;
    this.#family = family;
    this.#key = key;
  }

  async write({ dense, tables, feeds, rankedHigh, best, ...progress }: Checkpoint): Promise<void> {
    await mkdir(path.dirname(this.file), { recursive: true });
    const tensors = Object.fromEntries([
      ...flat('dense:', dense),
      ...Object.entries(tables).flatMap(([table, parts]) => flat(`table:${table}:`, parts)),
      ...flat('feed:', feeds),
      ...flat('', { hard: rankedHigh }),
      ...flat('best/param:', best?.params ?? {}),
      ...flat('best/table:', best?.tables ?? {}),
    ]);
    const bestEpoch = best && { epoch: best.epoch, score: best.score };
    await saveSafetensors(this.file, tensors, JSON.stringify({ key: this.#key, ...progress, bestEpoch }));
  }

  /**
   * @returns undefined where there is none
   * @throws DuetError `conflict` where it is of other data or settings; `corrupt`
   */
  async read(): Promise<Checkpoint | undefined> {
    const found = await loadSafetensors(this.file).catch((error) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) return undefined;
    const { key, bestEpoch, ...progress } = JSON.parse(found.note);
    if (key !== this.#key) {
      throw new DuetError(
        'conflict',
        'this checkpoint is of other data or settings than the training that goes on, or of another version of Duet.',
        {
          where: { file: this.file },
          fix: `Only ${changeable[this.#family].join(', ')} may change. Undo the rest, or train anew.`,
        },
      );
    }
    // A table's name may hold a colon; a kind and a part do not.
    const under = <T extends TensorData>(prefix: string): Record<string, T> =>
      Object.fromEntries(
        Object.entries(found.tensors)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, { data }]) => [name.slice(prefix.length), data as T]),
      );
    const tables: Checkpoint['tables'] = {};
    for (const [name, data] of Object.entries(under('table:'))) {
      const at = name.lastIndexOf(':');
      tables[name.slice(0, at)] = { ...tables[name.slice(0, at)], [name.slice(at + 1)]: data };
    }
    return {
      ...progress,
      dense: under('dense:'),
      tables,
      feeds: under('feed:'),
      rankedHigh: found.tensors.hard!.data as Int32Array,
      best: bestEpoch && { ...bestEpoch, params: under('best/param:'), tables: under('best/table:') },
    };
  }
}
