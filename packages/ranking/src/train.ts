import { type LoadedModel, openModel } from '@duet/artifact';
import { DuetError, type Progress, silent } from '@duet/base';
import {
  findSnapshot,
  type Interactions,
  loadCatalogue,
  loadInteractions,
  type Split,
  splitDataset,
} from '@duet/datasets';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { shownLists } from './clicks.ts';
import { itemFacts, type Purchases } from './describe.ts';
import { fitRanker, type ModelMetrics, measureRanker, type RankingList } from './fit.ts';
import { type ListQuery, retrieveLists } from './lists.ts';
import type { RankerParameters } from './rank.ts';

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

export interface TrainRankerRequest {
  datasetId: string;
  modelIds: readonly string[];
  /** The split that the models were trained without. */
  split: string;
  /** What it learns to predict: held-out purchases, or clicks on what arms with these models showed. */
  labels?: 'purchases' | 'clicks' | undefined;
}

/**
 * Fits the one ranker that all arms share on lists retrieved by all given models, and keeps it as a Ranker row.
 *
 * Purchases: the models never saw the split's held-out ones, and neither do the features. (Purchases from before the
 * split's cut would not do: they are in the histories that the models were trained on, so that the models score them as
 * they never score a future purchase.) Clicks: of the event log, where arms served these models. Either way half of the
 * users are fitted on, the other half is only measured on.
 *
 * @throws DuetError `bad-input` for a model of other data, or trained on another split, whose lists would flatter it,
 *   and
 * where too little was bought or clicked on
 */
export async function trainRanker(
  ctx: { db: Database; dataDir: string; executor: Executor; progress?: Progress },
  { datasetId, modelIds, split: splitName, labels = 'purchases' }: TrainRankerRequest,
): Promise<{ rankerId: string; parameters: RankerParameters; metrics: RankerMetrics }> {
  const { db, dataDir, executor, progress = silent } = ctx;
  const total = modelIds.length + 1;
  const report = (done: number, note: string) =>
    progress({ step: 'train the ranker', done, total, unit: 'steps', note });
  report(0, 'loading the data');
  await checkModels(db, { datasetId, modelIds, split: splitName });
  const { id: snapshotId } = await findSnapshot(ctx, datasetId);
  const [interactions, catalogue] = await Promise.all([
    loadInteractions(ctx, datasetId, snapshotId),
    loadCatalogue(ctx, datasetId, snapshotId),
  ]);
  const split = splitDataset(interactions, splitName);
  const bought = purchasesOf(interactions, split.train);
  const facts = itemFacts(catalogue, bought);
  const itemRow = new Map(interactions.items.map((item, row) => [item, row]));
  const asked =
    labels === 'clicks'
      ? await clicked(db, modelIds, interactions, bought, itemRow)
      : heldOut(interactions, split, bought);

  const lists: RankingList[] = [];
  for (const [done, modelId] of modelIds.entries()) {
    await using model = await openModel(dataDir, modelId, executor);
    const asks = asked(model);
    report(done, `retrieving ${asks.length} lists`);
    lists.push(...(await retrieveLists(model, asks, { facts, itemRow })));
  }
  report(total - 1, 'fitting');
  const users = [...new Set(lists.map(({ user }) => user))].sort();
  const fitted = new Set(users.filter((_, place) => place % 2 === 0));
  const parameters = fitRanker(
    lists.filter(({ user }) => fitted.has(user)),
    labels === 'clicks' ? 'click' : 'purchase',
  );
  const judged = lists.filter(({ user }) => !fitted.has(user));
  const metrics: RankerMetrics = {
    split: split.name,
    fittedUsers: fitted.size,
    heldOutUsers: users.length - fitted.size,
    byModel: modelIds.map((modelId) => ({
      modelId,
      ...measureRanker(
        judged.filter((list) => list.modelId === modelId),
        parameters,
      ),
    })),
  };
  const { id } = await db.prisma.ranker.create({
    data: { datasetId, snapshotId, parameters, metrics: JSON.parse(JSON.stringify(metrics)) },
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

/** Each user's training purchases, oldest first. */
function purchasesOf({ user, item, time, users, clock = 'time' }: Interactions, train: Int32Array): Purchases[] {
  const items = users.map((): number[] => []);
  const times = users.map((): number[] => []);
  for (const row of train) {
    items[user[row]!]!.push(item[row]!);
    times[user[row]!]!.push(time[row]!);
  }
  return items.map((bought, u) => ({ items: bought, ...(clock === 'time' && { times: times[u]! }) }));
}

/** The lists to ask a model for. */
type AskedOf = (model: LoadedModel) => ListQuery[];

/** One list a user of the split, the same for every model. */
function heldOut({ users }: Interactions, { evaluations }: Split, bought: readonly Purchases[]): AskedOf {
  const stride = Math.ceil(evaluations.length / userLimit);
  const asked = evaluations
    .filter((_, place) => place % stride === 0)
    .map(({ user, targets, seen, situation = {} }) => ({
      userId: users[user]!,
      situation,
      bought: bought[user]!,
      seen: new Set(seen),
      taken: new Set(targets),
    }));
  return () => asked;
}

/** The lists that arms with each model showed. What the model hid from a user then is hidden now. */
async function clicked(
  db: Database,
  modelIds: readonly string[],
  { users }: Interactions,
  bought: readonly Purchases[],
  itemRow: ReadonlyMap<string, number>,
): Promise<AskedOf> {
  const userRow = new Map(users.map((id, row) => [id, row]));
  const lists = Map.groupBy(await shownLists(db, modelIds), ({ modelId }) => modelId);
  return (model) =>
    (lists.get(model.id) ?? []).flatMap(({ userId, at, items }) => {
      const user = userRow.get(userId);
      if (user === undefined) return [];
      const rows = items.flatMap(({ itemId, ...shown }) => {
        const item = itemRow.get(itemId);
        return item === undefined ? [] : [{ item, ...shown }];
      });
      return {
        userId,
        situation: { time: at.getTime() / 1000 },
        bought: bought[user]!,
        seen: new Set(model.seen(userId).flatMap((row) => itemRow.get(model.items[row]!) ?? [])),
        taken: new Set(rows.filter((row) => row.clicked).map(({ item }) => item)),
        shownAt: new Map(rows.map(({ item, place }) => [item, place])),
      };
    });
}
