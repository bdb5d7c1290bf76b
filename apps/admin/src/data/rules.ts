import type { Rule } from '@duet/db';
import { listRules } from '@duet/ranking/rules';
import { database } from './services.ts';

/** The rules of one dataset, by default the one that is served: the newest with a model that has an index. */
export async function rulesOf(datasetId: string) {
  const db = await database();
  const datasets = await db.prisma.dataset.findMany({
    where: { status: 'done' },
    select: { id: true, name: true },
    orderBy: { createdAt: 'desc' },
  });
  const newest = await db.prisma.index.findFirst({
    where: { active: true },
    select: { model: { select: { datasetId: true } } },
    orderBy: { model: { createdAt: 'desc' } },
  });
  const wanted = datasetId || newest?.model.datasetId;
  const dataset = datasets.find(({ id }) => id === wanted) ?? datasets[0];
  if (dataset === undefined) return { datasets, dataset, categories: [], rules: [] };
  const [rules, categories] = await Promise.all([
    listRules(db, dataset.id),
    db.prisma.category.findMany({ where: { datasetId: dataset.id }, select: { name: true }, orderBy: { name: 'asc' } }),
  ]);
  const items = await db.prisma.item.findMany({
    where: { datasetId: dataset.id, externalId: { in: rules.flatMap(({ itemId }) => itemId ?? []) } },
    select: { externalId: true, title: true },
  });
  const titles = new Map(items.map(({ externalId, title }) => [externalId, title]));
  return {
    datasets,
    dataset,
    categories: categories.map(({ name }) => name),
    rules: rules.map((rule): Rule & { title: string } => ({ ...rule, title: titles.get(rule.itemId ?? '') ?? '' })),
  };
}
