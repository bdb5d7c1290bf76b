import type { ListedDeployment } from '@duet/pipeline/control';

/** Lists that shoppers got within the last hour, of one arm or of none, at one placement. */
export interface AnsweredLists {
  placement: string;
  /** "" outside experiments. */
  armId: string;
  /** `popular` where no model was asked. */
  source: 'model' | 'popular' | 'bought';
  answers: number;
}

interface RunningArm {
  id: string;
  name: string;
  weight: number;
  /** What it serves now: the model that it pins, or the champion that it follows; null where there is none yet. */
  model: { name: string; kind: string; version: number | null; isFollowed: boolean } | null;
}

/** What of an experiment decides who gets what. */
export interface ServedExperiment {
  id: string;
  name: string;
  simulated: boolean;
  /** Of all shoppers, who are in it. */
  share: number | undefined;
  arms: RunningArm[];
}

/** One thing that shoppers may get, and how much of the last hour it was. */
export interface ServedShare {
  key: string;
  /** The experiment, the placement, or the rest. */
  who: string;
  /** Within the dataset. */
  href: string | undefined;
  /** What they get; undefined of popular items. */
  model: { name: string; kind: string; detail: string } | undefined;
  /** Of all shoppers, as it is set; undefined of what takes the rest. */
  planned: number | undefined;
  answers: number;
  /** Of those answers, the ones that were best sellers, because the model knows nothing of the shopper. */
  popular: number;
  /** Of the last hour's lists; undefined where there was none. */
  share: number | undefined;
}

type Deployment = Pick<ListedDeployment, 'placement' | 'model' | 'champion'>;

/**
 * Everything that shoppers of a dataset may get now: the arms, then what is deployed, then popular items where they are
 * given.
 */
export function servedShares(
  lists: readonly AnsweredLists[],
  { experiments, deployments }: { experiments: readonly ServedExperiment[]; deployments: readonly Deployment[] },
): ServedShare[] {
  const total = lists.reduce((sum, { answers }) => sum + answers, 0);
  const counted = (counts: (list: AnsweredLists) => boolean) => {
    const sum = (of: readonly AnsweredLists[]) => of.reduce((count, list) => count + list.answers, 0);
    const [all, answers] = [lists.filter(counts), sum(lists.filter(counts))];
    const popular = sum(all.filter(({ source }) => source === 'popular'));
    return { answers, popular, share: total === 0 ? undefined : answers / total };
  };
  const real = experiments.filter(({ simulated }) => !simulated);
  const arms = real.flatMap(({ id, name, share = 0, arms }) =>
    arms.map((arm) => ({
      ...{ key: arm.id, who: name, href: `/experiments/${id}`, planned: share * arm.weight },
      model: arm.model === null ? undefined : { ...arm.model, detail: detailOf(arm, arm.model) },
      ...counted(({ armId }) => armId === arm.id),
    })),
  );
  const known = new Set(real.flatMap(({ arms }) => arms.map(({ id }) => id)));
  const isElse = ({ armId, source }: AnsweredLists) => !known.has(armId) && source === 'model';
  const deployedPlacements = new Set(deployments.map(({ placement }) => placement));
  const deployed = deployments.map(({ placement, model, champion }) => ({
    key: `at ${placement}`,
    who: placement === '' ? 'Everybody else' : `Everybody else at ${placement}`,
    href: `/pipeline/models/${encodeURIComponent(model.name)}`,
    model: champion === null ? undefined : { ...model, detail: `version ${champion.version}, the champion` },
    planned: undefined,
    ...counted((list) => isElse(list) && (deployedPlacements.has(list.placement) ? list.placement : '') === placement),
  }));
  const unnamed = counted(
    (list) => isElse(list) && !deployedPlacements.has(list.placement) && !deployedPlacements.has(''),
  );
  const popular = counted(({ armId, source }) => !known.has(armId) && source === 'popular');
  return [
    ...arms,
    ...deployed,
    ...(unnamed.answers > 0
      ? [{ key: 'model', who: 'Outside experiments', href: '/pipeline', planned: undefined, ...unnamed, ...fallback }]
      : []),
    ...(popular.answers > 0 || !deployedPlacements.has('')
      ? [{ key: 'popular', who: 'Everybody else', href: '/pipeline', model: undefined, planned: undefined, ...popular }]
      : []),
  ];
}

/** The arm's name, and which version it serves. */
function detailOf({ name }: RunningArm, { version, isFollowed }: NonNullable<RunningArm['model']>): string {
  if (version === null) return `arm ${name}`;
  return `arm ${name}, version ${version}${isFollowed ? ', the champion' : ', pinned'}`;
}

/** What answered although nothing was deployed when it did. */
const fallback = { model: { name: 'a model that is not deployed now', kind: '', detail: '' } };
