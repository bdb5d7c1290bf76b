import { DuetError } from '@duet/base';
import { ease } from './baselines/ease.ts';
import type { FactorModel } from './baselines/factor-model.ts';
import { ials } from './baselines/ials.ts';
import { itemKnn } from './baselines/item-knn.ts';
import { popularity } from './baselines/popularity.ts';
import type { ScorerModel } from './baselines/scorer-model.ts';
import { wals } from './baselines/wals.ts';
import { dat } from './towers/dat.ts';
import { fm } from './towers/fm.ts';
import { mind } from './towers/mind.ts';
import type { TowerModel } from './towers/tower-model.ts';
import { twoTower } from './towers/two-tower.ts';
import { youtubeDnn } from './towers/youtube-dnn.ts';

/** A `scorer` only scores; `factors` (solved for) and `tower` models (by gradient) are trained, indexed and served. */
export type ModelKind = ScorerModel | FactorModel | TowerModel;

/** Every kind of model, in the order of the paper's table. */
export const modelKinds: readonly ModelKind[] = [
  popularity,
  itemKnn,
  ease,
  wals,
  ials,
  fm,
  youtubeDnn,
  mind,
  twoTower,
  dat,
];

/** @throws DuetError `bad-input` naming the kinds there are */
export function modelOfKind(kind: string): ModelKind {
  const known = modelKinds.find((candidate) => candidate.kind === kind);
  if (known !== undefined) return known;
  throw new DuetError('bad-input', `There is no kind of model "${kind}".`, {
    where: { field: 'kind' },
    fix: `Choose one of ${modelKinds.map((candidate) => candidate.kind).join(', ')}.`,
  });
}

/** @throws DuetError `corrupt` where the kind is not one that is trained by gradient */
export function towerModel(kind: string): TowerModel {
  const known = modelKinds.find((candidate) => candidate.kind === kind);
  if (known?.family === 'tower') return known;
  throw new DuetError('corrupt', `"${kind}" is not a kind of model that this Duet knows.`, {
    where: { field: 'kind' },
    fix: 'Train the model again.',
  });
}
