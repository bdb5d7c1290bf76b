import type { Destination } from '#components/layout/places.ts';
import { datasetPath } from '#dataset-path.ts';
import { findDatasetNamed, itemsLike } from './datasets/datasets.ts';
import { modelTitle } from './models/model-title.ts';
import { measuredTwins } from './models/models.ts';
import { database } from './services.ts';

const most = 6;

/** The products, models and experiments of a dataset that a few letters may mean. */
export async function find(datasetName: string, search: string): Promise<Destination[]> {
  const dataset = await findDatasetNamed(datasetName);
  if (dataset === null || search === '') return [];
  const { prisma } = await database();
  const root = datasetPath(datasetName);
  const named = { datasetId: dataset.id, name: { contains: search, mode: 'insensitive' as const } };
  const newest = { orderBy: { createdAt: 'desc' as const }, take: most };
  const [items, experiments, models] = await Promise.all([
    itemsLike(dataset.id, search),
    prisma.experiment.findMany({ where: named, ...newest }),
    measuredTwins(dataset.id).then((twins) =>
      prisma.model.findMany({
        where: { ...named, id: { notIn: twins } },
        include: { championOf: { select: { id: true } } },
        ...newest,
      }),
    ),
  ]);
  return [
    ...items.slice(0, most).map(({ id, title, category }) => ({
      group: 'Products',
      title: title || id,
      detail: [id, category].filter(Boolean).join(' · '),
      href: `${root}/data/catalogue/item?${new URLSearchParams({ item: id })}`,
    })),
    ...experiments.map(({ id, name, status }) => ({
      ...{ group: 'Experiments', title: name, detail: status, href: `${root}/experiments/${id}` },
    })),
    ...models.map((model) => ({
      ...{ group: 'Models', title: modelTitle(model), detail: model.kind, href: `${root}/models/${model.id}` },
    })),
  ];
}
