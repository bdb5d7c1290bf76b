import { type Assignment, armSettings, assignUser, parseSettings } from '@duet/experiments';
import type { PlannedExperiment, Serving } from '@duet/serving';

/** A planned experiment whose settings have been read. */
function ready({ settings, arms, ...experiment }: PlannedExperiment) {
  return {
    ...experiment,
    settings: parseSettings(settings),
    arms: arms.map(({ settings: own, ...arm }) => ({ ...arm, settings: armSettings.parse(own) })),
  };
}

export type RunningExperiment = ReturnType<typeof ready>;

/** A plan is replaced as a whole, so its settings are parsed once. */
const parsed = new WeakMap<readonly PlannedExperiment[], RunningExperiment[]>();

function running({ plan }: Serving): RunningExperiment[] {
  const known = parsed.get(plan.experiments) ?? plan.experiments.map(ready);
  parsed.set(plan.experiments, known);
  return known;
}

/** Who asks, and in what situation. */
interface Asker {
  userId: string;
  placement?: string | undefined;
  /** The request's context, by column. */
  context?: Readonly<Record<string, string>> | undefined;
  simulated: boolean;
}

/**
 * The experiment and arm that the user of a request is in. Targeting reads `placement` and the request's context, and
 * the user's own columns of the dataset where the request does not say.
 */
export async function assignmentOf(
  serving: Serving,
  { userId, placement, context, simulated }: Asker,
): Promise<Assignment<RunningExperiment> | undefined> {
  const experiments = running(serving).filter((experiment) => experiment.simulated === simulated);
  const targeted = experiments.find(({ settings }) => settings.targeting.length > 0);
  const own = targeted && (await serving.userAttributes(targeted.datasetId, userId));
  const attributes = { ...own, ...(placement !== undefined && { placement }), ...context };
  return assignUser(experiments, { userId, attributes, simulated });
}
