import { buildIndex, searchBest } from '@duet/ann';
import { DuetError, type Progress, silent } from '@duet/config';
import { type Interactions, loadCatalogue, loadInteractions, type Split, splitDataset } from '@duet/datasets';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { type LoadedModel, openModel } from '@duet/trainer';
import { describeCandidates, type ItemFacts, itemFacts } from './describe.ts';
import { fitRanker, type ModelMetrics, measureRanker, type RankingList } from './fit.ts';
import { userProfile } from './profile.ts';
import type { RankerParameters } from './rank.ts';

/** Candidates a list; the service retrieves as many. */
const listLength = 100;
/** Evaluated users at most, spread evenly over the split. */
const userLimit = 4000;
/** What is kept with a ranker. */
export interface RankerMetrics {
  split: string;
  fittedUsers: number;
  heldOutUsers: number;
  /** On the lists of the users held out. */
  byModel: (ModelMetrics & { modelId: string })[];
}

/**
 * Fits the one ranker that all arms share on lists retrieved by all given models, and keeps it as a Ranker row.
 *
 * The models never saw the split's held-out purchases, and neither do the features. Half of the split's users are
 * fitted on, the other half is only measured on. (Purchases from before the split's cut would not do: they are in the
 * histories that the models were trained on, so that the models score them as they never score a future purchase.)
 *
 * @throws DuetError `bad-input` for a model of other data, or trained on another split, whose lists would flatter it
 */
export async function trainRanker(
  ctx: { db: Database; dataDir: string; executor: Executor; progress?: Progress },
  request: { datasetId: string; modelIds: readonly string[]; split: string },
): Promise<{ rankerId: string; parameters: RankerParameters; metrics: RankerMetrics }> {
  const { db, dataDir, executor, progress = silent } = ctx;
  const total = request.modelIds.length + 1;
  const report = (done: number, note: string) =>
    progress({ step: 'train the ranker', done, total, unit: 'steps', note });
  report(0, 'loading the data');
  await checkModels(db, request);
  const [interactions, catalogue] = await Promise.all([
    loadInteractions(dataDir, request.datasetId),
    loadCatalogue(db, dataDir, request.datasetId),
  ]);
  const split = splitDataset(interactions, request.split);
  const bought = histories(interactions, split.train);
  const facts = itemFacts(catalogue, bought);
  const stride = Math.ceil(split.evaluations.length / userLimit);
  const evaluations = split.evaluations.filter((_, place) => place % stride === 0);

  const lists: RankingList[] = [];
  for (const [done, modelId] of request.modelIds.entries()) {
    report(done, `retrieving for ${evaluations.length} users`);
    lists.push(
      ...(await retrieveLists(await openModel(dataDir, modelId, executor), {
        interactions,
        evaluations,
        bought,
        facts,
      })),
    );
  }
  report(total - 1, 'fitting');
  const fitted = new Set(evaluations.filter((_, place) => place % 2 === 0).map(({ user }) => user));
  const parameters = fitRanker(lists.filter(({ user }) => fitted.has(user)));
  const heldOut = lists.filter(({ user }) => !fitted.has(user));
  const metrics: RankerMetrics = {
    split: split.name,
    fittedUsers: fitted.size,
    heldOutUsers: evaluations.length - fitted.size,
    byModel: request.modelIds.map((modelId) => ({
      modelId,
      ...measureRanker(
        heldOut.filter((list) => list.modelId === modelId),
        parameters,
      ),
    })),
  };
  const { id } = await db.prisma.ranker.create({
    data: { datasetId: request.datasetId, parameters, metrics: JSON.parse(JSON.stringify(metrics)) },
  });
  report(total, `fitted on ${fitted.size} users`);
  return { rankerId: id, parameters, metrics };
}

async function checkModels(
  db: Database,
  { datasetId, modelIds, split }: { datasetId: string; modelIds: readonly string[]; split: string },
): Promise<void> {
  const models = await db.prisma.model.findMany({ where: { id: { in: [...modelIds] }, dimensions: { gt: 0 } } });
  for (const modelId of modelIds) {
    const model = models.find(({ id }) => id === modelId);
    if (model === undefined) throw new DuetError('not-found', `There is no model with vectors of id ${modelId}.`);
    if (model.datasetId !== datasetId) {
      throw new DuetError('bad-input', `Model ${model.name} (${modelId}) was trained on another dataset.`);
    }
    const trainedOn = (model.parameters as { split?: string }).split;
    if (trainedOn !== undefined && trainedOn !== split) {
      throw new DuetError('bad-input', `Model ${model.name} was trained on the split "${trainedOn}", not "${split}".`, {
        fix: `Give split "${trainedOn}": on another the model has seen the purchases that the ranker is fitted to.`,
      });
    }
  }
}

/** Item rows of each user's training purchases, oldest first. */
function histories({ user, item, users }: Interactions, train: Int32Array): number[][] {
  const bought = users.map((): number[] => []);
  for (const row of train) bought[user[row]!]!.push(item[row]!);
  return bought;
}

interface Evaluated {
  interactions: Interactions;
  evaluations: Split['evaluations'];
  bought: number[][];
  facts: ItemFacts;
}

/** Users searched at once. */
const block = 256;

async function retrieveLists(
  opened: LoadedModel,
  { interactions, evaluations, bought, facts }: Evaluated,
): Promise<RankingList[]> {
  await using model = opened;
  await using index = await buildIndex(model.itemVectors, model.dimensions, { factory: 'Flat' });
  const catalogueRow = new Map(interactions.items.map((item, row) => [item, row]));
  const itemOf = model.items.map((item) => catalogueRow.get(item)!);
  const lists: RankingList[] = [];
  for (let from = 0; from < evaluations.length; from += block) {
    const users = evaluations.slice(from, from + block);
    const { vectors } = await model.encodeUsers(
      users.map(({ user }) => interactions.users[user]!),
      users.map(({ situation }) => situation),
    );
    const k = Math.min(index.size, listLength + Math.max(...users.map(({ seen }) => seen.length)));
    const found = await searchBest(index, vectors, model.vectorsPerUser, k);
    users.forEach(({ user, targets, seen }, u) => {
      const hidden = new Set(seen);
      const retrieved: { item: number; score: number }[] = [];
      for (let at = u * k; at < (u + 1) * k && retrieved.length < listLength; at++) {
        const item = itemOf[found.ids[at]!];
        if (item !== undefined && !hidden.has(item)) retrieved.push({ item, score: found.scores[at]! });
      }
      const wanted = new Set(targets);
      lists.push({
        modelId: model.id,
        user,
        profile: userProfile(bought[user]!, facts),
        candidates: describeCandidates(retrieved, bought[user]!, facts),
        labels: Uint8Array.from(retrieved, ({ item }) => (wanted.has(item) ? 1 : 0)),
        targets: wanted.size,
      });
    });
  }
  return lists;
}
