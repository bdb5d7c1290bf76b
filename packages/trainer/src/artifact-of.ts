import type { Artifact } from '@duet/artifact';
import type { Histories } from '@duet/artifact/inputs';
import type { TrainingData } from './data.ts';
import type { Fitted } from './fit.ts';

/** What a fitted model was made by. */
type Origin = Pick<Artifact['file'], 'id' | 'kind' | 'split' | 'seed' | 'executor'>;

/** What is kept of a fitted model, not measured yet. */
export function artifactOf(
  { encoder, itemVectors, parts }: Fitted,
  { dataset, interactions, catalogue }: TrainingData,
  histories: Histories,
  origin: Origin,
): Artifact {
  const { trained, space, params, tables } = parts;
  const vocabulariesOf = (features: Record<string, { vocabulary: string[] }>) =>
    Object.fromEntries(Object.entries(features).map(([name, { vocabulary }]) => [name, vocabulary]));
  return {
    file: {
      ...origin,
      datasetId: dataset.id,
      fingerprint: dataset.fingerprint,
      createdAt: new Date().toISOString(),
      ...trained,
      dimensions: encoder.dims,
      features: { user: space.user, item: space.item, sequence: space.sequence },
      vocabularies: {
        context: vocabulariesOf(space.context),
        user: vocabulariesOf(space.encoded.user),
        item: vocabulariesOf(space.encoded.item),
      },
      priceBounds: space.encoded.item.price?.bounds,
      users: interactions.users,
      items: catalogue.ids,
      sides: interactions.sides,
    },
    space,
    params,
    tables,
    itemVectors,
    historyStart: histories.start,
    historyItem: histories.item,
  };
}
