import { differenceOf, type Prisma } from '@duet/db';
import {
  checkParts,
  checkPlan,
  type ExperimentPlan,
  type ExperimentWithArms,
  experimentPlan,
  parseInput,
  viewOf,
} from '../plan/experiment.ts';
import { type ExperimentSettings, parseSettings } from '../plan/experiment-settings.ts';

/** What may be asked to change: a part of the plan, and single settings of it. */
export type ExperimentPatch = Partial<Omit<ExperimentPlan, 'settings' | 'arms'>> & {
  name?: string | undefined;
  /** The whole list: an arm that is missing from it is left out. */
  arms?: (Omit<ExperimentPlan['arms'][number], 'settings' | 'control'> &
    Partial<Pick<ExperimentPlan['arms'][number], 'settings' | 'control'>>)[];
  settings?: Partial<{ [Key in keyof ExperimentSettings]: unknown }>;
};

/** Gives an experiment other arms: those of a known name keep their id, those left out keep it with no users. */
async function replaceArms(
  tx: Prisma.TransactionClient,
  { id, status, arms: known }: ExperimentWithArms,
  arms: ExperimentPlan['arms'],
): Promise<void> {
  // Positions and the control are unique: everything is moved out of the way first.
  await tx.$executeRaw`UPDATE "Arm" SET "position" = -1 - "position", "control" = false WHERE "experimentId" = ${id}::uuid`;
  const gone = known.filter(({ name }) => !arms.some((arm) => arm.name === name));
  if (status === 'draft') await tx.arm.deleteMany({ where: { id: { in: gone.map((arm) => arm.id) } } });
  const retiredArms = status === 'draft' ? [] : gone;
  for (const [position, { modelId = null, registeredModelId = null, indexId = null, ...arm }] of arms.entries()) {
    const data = { ...arm, modelId, registeredModelId, indexId, position };
    const knownArm = known.find(({ name }) => name === arm.name);
    if (knownArm) await tx.arm.update({ where: { id: knownArm.id }, data });
    else await tx.arm.create({ data: { ...data, experimentId: id } });
  }
  for (const [i, arm] of retiredArms.entries()) {
    await tx.arm.update({ where: { id: arm.id }, data: { weight: 0, position: arms.length + i } });
  }
}

/** The plan of an experiment with a patch applied, checked as a whole; nested settings are merged key by key. */
export function patched(
  before: ExperimentWithArms,
  { name: _, settings = {}, ...patch }: ExperimentPatch,
): ExperimentPlan {
  const stored = parseSettings(before.settings);
  const merged = Object.fromEntries(
    Object.entries(settings).map(([key, value]) => {
      const known = stored[key as keyof ExperimentSettings];
      const isPart = (key === 'attribution' || key === 'stopRules') && typeof value === 'object';
      return [key, isPart ? { ...(known as object), ...value } : value];
    }),
  );
  const { rankerId, design, trafficShare, primaryMetric, layer } = before;
  const arms = before.arms.map(
    ({ name, modelId, registeredModelId, indexId, weight, control, settings: armSettings }) => ({
      ...{ name, modelId, registeredModelId, indexId, weight, control, settings: armSettings },
    }),
  );
  const plan = { rankerId, design, trafficShare, primaryMetric, layer, arms, ...withoutUndefined(patch) };
  const schema = experimentPlan.superRefine(checkPlan);
  return parseInput(schema, { ...plan, settings: { ...stored, ...merged } });
}

const withoutUndefined = <T extends object>(object: T): Partial<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;

/** Stores a checked plan; what its arms and settings were before is in `before`. */
export async function storePlan(
  tx: Prisma.TransactionClient,
  before: ExperimentWithArms,
  plan: ExperimentPlan,
  name?: string,
) {
  const { arms, ...rest } = plan;
  await checkParts(tx, before.datasetId, plan);
  await replaceArms(tx, before, arms);
  await tx.experiment.update({ where: { id: before.id }, data: { ...rest, ...(name && { name }) } });
}

/** The fields that a plan changes. */
export function changesOf(before: ExperimentWithArms, plan: ExperimentPlan, name = before.name): string[] {
  const asView = { ...before, ...plan, name, arms: before.arms.map((arm) => ({ ...arm })) };
  const arms = plan.arms.map((arm) => {
    const { name, weight, control, modelId = null, registeredModelId = null, indexId = null, settings } = arm;
    return { name, weight, control, modelId, registeredModelId, indexId, settings };
  });
  const settings = parseSettings(before.settings);
  const [was, is] = differenceOf({ ...viewOf(before), settings }, { ...viewOf(asView), arms });
  return [...new Set([...Object.keys(was), ...Object.keys(is)])];
}

/** The plan in which users whose override ends count no more than before: they have seen the arm they were put into. */
export function withoutTesters(before: ExperimentWithArms, plan: ExperimentPlan): ExperimentPlan {
  const { overrides, excludedUsers } = plan.settings;
  const ended = Object.keys(parseSettings(before.settings).overrides).filter((user) => !Object.hasOwn(overrides, user));
  return { ...plan, settings: { ...plan.settings, excludedUsers: [...new Set([...excludedUsers, ...ended])] } };
}
