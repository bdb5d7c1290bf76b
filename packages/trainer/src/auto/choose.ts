import { hash } from 'node:crypto';
import { userHistories } from '@duet/artifact/inputs';
import { DuetError, type Progress, silent } from '@duet/base';
import { type Split, splitDataset } from '@duet/datasets';
import { type Executor, isTower, resolveSettings, type TrainingSettings, type VectorSettings } from '@duet/models';
import { defaultSplit, type TrainingData } from '../data.ts';
import { drawUsers } from '../evaluation/draw-users.ts';
import { evaluateVectors } from '../evaluation/evaluate.ts';
import { judgeBaseline, scorerOf } from '../evaluation/judge.ts';
import { type Fitted, fitModel } from '../fit.ts';
import { trialSplit, watchedOf } from '../tuning/trial.ts';
import { type Candidate, candidatesFor, readingOf } from './candidates.ts';
import { type Facts, factsOf } from './facts.ts';
import { Priors, type Weighed, type Weights, weigh } from './priors.ts';

/** What the preset `auto` decided for a training, and why. */
export interface Choice {
  /** ISO 8601. */
  decidedAt: string;
  /** Settings over the preset `best`. */
  set: Record<string, unknown>;
  /** What was seen and decided, in order. */
  reasons: string[];
  facts: Facts;
  trials: CandidateResult[];
  /** What needs no training, ranked for the same users. */
  baselines: { kind: string; metrics: Record<string, number> }[];
}

/** One training of the search, ranked for users whose last interactions it did not see. */
export interface CandidateResult {
  name: string;
  /** Share of the epochs that its settings ask for. */
  share: number;
  seconds: number;
  metrics: Record<string, number>;
}

interface ChooseRequest {
  kind: string;
  /** The split that the model will be judged by; trials see its training part alone. */
  split: string;
  /** Settings that stay as they are. */
  set: Record<string, unknown>;
  seed: number;
  /** For the whole search. */
  minutes: number;
}

interface ChooseContext {
  executor: Executor;
  progress?: Progress | undefined;
  signal?: AbortSignal | undefined;
}

/** Ranked lists tell candidates apart by where the hits stand, not by their number alone: less noise than HR. */
const metric = 'NDCG@50';

/** Users that trials are judged by at most, and at least; below that, the rules decide alone. */
const judges = { most: 3000, least: 100 };

/** Of its epochs a candidate gets this share before the better half goes on. */
const firstShare = 0.25;

/** Interactions that a trial learns from at most for each minute of the search, so that a few fit into it. */
const rowsPerMinute = 30_000;

/** Of this base come the values of all settings that the choice does not name. */
const autoBase = 'best';

/**
 * Decides the settings of a training from the data: rules leave a few candidates, which are trained for a quarter of
 * their epochs inside the split's training part, with the weights of their priors found by ranking; the best two are
 * trained to the end, as far as the minutes go. What needs no training is ranked for the same users, and named where it is
 * better. (Successive halving, Jamieson & Talwalkar 2016, with η = 2 and candidates that are not drawn.)
 *
 * @throws DuetError `bad-input` for settings that do not fit the kind; whatever stops a training
 */
export async function chooseSettings(ctx: ChooseContext, data: TrainingData, request: ChooseRequest): Promise<Choice> {
  const { kind, set, split: name, minutes } = request;
  const decidedAt = new Date().toISOString();
  resolveSettings(kind, autoBase, set);
  const split = heldOut(data, name, Math.max(1, minutes) * rowsPerMinute);
  const facts = factsOf(data.interactions, splitDataset(data.interactions, name).train);
  const reasons = readingOf(facts);
  const known = candidatesFor(kind, facts).map((one) => ({ ...one, set: { ...one.set, ...set } }));
  const rules = known[0]!;
  if (split.evaluations.length < judges.least || minutes === 0) {
    const why =
      minutes === 0
        ? 'No time was given to try others'
        : `${split.evaluations.length} users are too few to tell settings apart by`;
    return {
      decidedAt,
      set: rules.set,
      reasons: [...reasons, `${why}: ${rules.name}, ${rules.why}.`],
      facts,
      trials: [],
      baselines: [],
    };
  }
  const search = new Search(ctx, data, split, request);
  const best = await search.run(known);
  const baselines = await search.baselines();
  return {
    decidedAt,
    set: { ...best.candidate.set, ...best.weights, ...set },
    reasons: [
      ...reasons,
      search.verdict(best),
      ...(best.weights ? [weightsSentence(best.weights)] : []),
      ...ahead(kind, best.metrics, baselines),
    ],
    facts,
    trials: search.trials,
    baselines,
  };
}

/** What trials learn from and are judged by: no more rows than `most`, those of some users by a hash of their ids. */
function heldOut(data: TrainingData, name: string, most: number): Split {
  const { interactions } = data;
  const whole = splitInside(data, name);
  const rows = whole.train.length;
  const drawn = (user: number) =>
    Number.parseInt(hash('sha256', `auto ${interactions.users[user]}`).slice(0, 8), 16) / 2 ** 32 < most / rows;
  const all = rows <= most;
  const split = {
    name: whole.name,
    train: all ? whole.train : whole.train.filter((row) => drawn(interactions.user[row]!)),
    evaluations: all ? whole.evaluations : whole.evaluations.filter(({ user }) => drawn(user)),
  };
  return drawUsers(split, interactions.users, judges.most);
}

/** The same rule once more inside a split's training part; nobody to judge by where that leaves nobody. */
function splitInside(data: TrainingData, name: string): Split {
  try {
    return name === 'none' ? splitDataset(data.interactions, defaultSplit(data.dataset)) : trialSplit(data, name);
  } catch (error) {
    if (error instanceof DuetError && error.code === 'bad-input') {
      return { name, train: new Int32Array(), evaluations: [] };
    }
    throw error;
  }
}

interface Attempt {
  candidate: Candidate;
  seconds: number;
  metrics: Record<string, number>;
  score: number;
  /** Of the priors, where the kind has any. */
  weights: Weights | undefined;
}

const weightNames = ['itemItemWeight', 'popularityWeight', 'popularityHalfLife'] as const;

const pick = (set: Record<string, unknown>, names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.flatMap((name) => (name in set ? [[name, set[name] as number]] : [])));

class Search {
  #ctx: ChooseContext;
  #data: TrainingData;
  #split: Split;
  #request: ChooseRequest;
  #histories: ReturnType<typeof userHistories>;
  #started = performance.now();
  #priors: Promise<Priors> | undefined;
  readonly trials: CandidateResult[] = [];

  constructor(ctx: ChooseContext, data: TrainingData, split: Split, request: ChooseRequest) {
    this.#ctx = ctx;
    this.#data = data;
    this.#split = split;
    this.#request = request;
    this.#histories = userHistories(data.interactions, split.train);
  }

  get #left(): number {
    return 60 * this.#request.minutes - (performance.now() - this.#started) / 1000;
  }

  async run(candidates: readonly Candidate[]): Promise<Attempt> {
    const first: Attempt[] = [];
    for (const candidate of candidates) {
      const longest = Math.max(0, ...first.map(({ seconds }) => seconds));
      if (first.length > 0 && this.#left < longest) break;
      first.push(await this.#attempt(candidate, candidates.length > 1 ? firstShare : 1));
    }
    const ranked = first.toSorted((a, b) => b.score - a.score);
    if (candidates.length === 1) return ranked[0]!;
    const finished: Attempt[] = [];
    for (const { candidate, seconds } of ranked.slice(0, 2)) {
      if (this.#left < seconds / firstShare) break;
      finished.push(await this.#attempt(candidate, 1));
    }
    return finished.toSorted((a, b) => b.score - a.score)[0] ?? ranked[0]!;
  }

  /** Trains a candidate for a share of its epochs, and finds the weights of its priors. */
  async #attempt(candidate: Candidate, share: number): Promise<Attempt> {
    const { executor, progress = silent, signal } = this.#ctx;
    const { kind, seed } = this.#request;
    signal?.throwIfAborted();
    const { catalogue } = this.#data;
    const began = performance.now();
    const asked = resolveSettings(kind, autoBase, candidate.set) as VectorSettings;
    const settings = isTower(asked)
      ? // Trials are of the towers alone: priors are weighed after them.
        { ...asked, epochs: Math.max(1, Math.round(share * asked.epochs)), itemItemWeight: 0, popularityWeight: 0 }
      : { ...asked, sweeps: Math.max(1, Math.round(share * asked.sweeps)) };
    await using fitted = await fitModel({
      ...{ executor, data: this.#data, train: this.#split.train, kind, settings, seed, progress, signal },
      watched: watchedOf(this.#split, asked),
      label: `try ${candidate.name}`,
    });
    const judged = { split: this.#split, histories: this.#histories, catalogue };
    const weighed = isTower(asked) && (await this.#weigh(asked, fitted));
    const metrics = weighed
      ? weighed.metrics
      : (await evaluateVectors(executor, { ...judged, ...fitted, items: fitted.itemVectors })).evaluation.metrics;
    const seconds = (performance.now() - began) / 1000;
    this.trials.push({ name: candidate.name, share, seconds, metrics });
    return { candidate, seconds, metrics, score: metrics[metric]!, weights: weighed ? weighed.weights : undefined };
  }

  /** Finds the weights of the priors for fitted towers, where their kind has any. */
  async #weigh(settings: TrainingSettings, fitted: Fitted): Promise<Weighed | undefined> {
    const { executor, progress = silent, signal } = this.#ctx;
    if (settings.itemItemWeight === 0 && settings.popularityWeight === 0) return undefined;
    const { train } = this.#split;
    const histories = this.#histories;
    this.#priors ??= Priors.of(this.#data, { train, histories }, settings, { executor, progress, signal });
    const fixed: Partial<Weights> = pick(this.#request.set, weightNames);
    return weigh(executor, await this.#priors, fitted, {
      ...{ split: this.#split, histories, catalogue: this.#data.catalogue, metric, fixed },
    });
  }

  async baselines(): Promise<Choice['baselines']> {
    const { executor, progress = silent } = this.#ctx;
    const found: Choice['baselines'] = [];
    for (const kind of ['popularity', 'item-knn', 'ease']) {
      try {
        const settings = resolveSettings(kind, autoBase, {}) as Record<string, unknown>;
        const judged = await judgeBaseline({ executor, progress }, this.#data, this.#split, scorerOf(kind), settings);
        found.push({ kind, metrics: judged.evaluation.metrics });
      } catch (error) {
        // EASE has a limit of items.
        if (!(error instanceof DuetError)) throw error;
      }
    }
    return found;
  }

  verdict({ candidate: { name: best, why } }: Attempt): string {
    const listed = this.trials.map(
      ({ name, share, metrics }) =>
        `${name} ${metrics[metric]!.toFixed(4)}${share < 1 ? ` after ${Math.round(100 * share)} % of its epochs` : ''}`,
    );
    const users = this.#split.evaluations.length;
    return `${best}: ${why}. ${metric} of what was tried, on ${users} users: ${listed.join(', ')}.`;
  }
}

const weightsSentence = ({ itemItemWeight, popularityWeight, popularityHalfLife }: Weights): string => {
  const popularity =
    popularityWeight === 0
      ? 'no popularity prior'
      : `popularity ${popularityWeight}${popularityHalfLife === 0 ? '' : `, half of it lost in ${popularityHalfLife} days`}`;
  return `Priors that rank best: ${itemItemWeight === 0 ? 'no item-item prior' : `item-item ${itemItemWeight}`}, ${popularity}.`;
};

/** Whether something simpler ranks better. */
function ahead(kind: string, metrics: Record<string, number>, baselines: Choice['baselines']): string[] {
  const [first] = baselines.toSorted((a, b) => b.metrics[metric]! - a.metrics[metric]!);
  if (first === undefined || first.metrics[metric]! <= metrics[metric]!) return [];
  const [theirs, ours] = [first.metrics[metric]!, metrics[metric]!].map((value) => value.toFixed(4));
  return [
    `${first.kind} ranks better than ${kind} here (${metric} ${theirs} against ${ours}), without training: such data are too few for a tower. ` +
      'Compare with npx duet train --model ials --preset auto, which serves.',
  ];
}
