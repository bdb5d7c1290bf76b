import { type Assignment, armSettings, assignUser, parseSettings } from '@duet/experiments';
import { chooseDataset, type PlannedExperiment, type Serving } from '@duet/serving';

/** A planned experiment whose settings have been read. */
function withSettings({ settings, arms, ...experiment }: PlannedExperiment) {
  return {
    ...experiment,
    settings: parseSettings(settings),
    arms: arms.map(({ settings: unread, ...arm }) => ({ ...arm, settings: armSettings.parse(unread) })),
  };
}

export type RunningExperiment = ReturnType<typeof withSettings>;

/** Who asks, and in what situation. */
export interface Requester {
  userId: string;
  /** Whose experiments: by default those of the only dataset. */
  datasetId?: string | undefined;
  placement?: string | undefined;
  /** The request's context, by column. */
  context?: Readonly<Record<string, string>> | undefined;
  simulated: boolean;
}

/** The experiment and arm that a user is in; undefined where no experiment takes them. */
export type Assign = (requester: Requester) => Promise<Assignment<RunningExperiment> | undefined>;

/**
 * Assigns users to the arms of the experiments that run. Targeting reads `placement` and the request's context, and the
 * user's own columns of the dataset where the request does not say.
 */
export function createAssign(serving: Serving): Assign {
  // A plan is replaced as a whole, so its settings are parsed once.
  let planned: readonly PlannedExperiment[] | undefined;
  let running: RunningExperiment[] = [];
  return async ({ userId, datasetId, placement, context, simulated }) => {
    if (serving.plan.experiments !== planned) {
      running = serving.plan.experiments.map(withSettings);
      planned = serving.plan.experiments;
    }
    const alike = running.filter((experiment) => experiment.simulated === simulated);
    if (alike.length === 0) return undefined;
    const of = chooseDataset(serving.plan, { datasetId });
    const experiments = alike.filter((experiment) => experiment.datasetId === of);
    const targeted = experiments.find(({ settings }) => settings.targeting.length > 0);
    const columns = targeted && (await serving.userAttributes(targeted.datasetId, userId));
    const attributes = { ...columns, ...(placement !== undefined && { placement }), ...context };
    return assignUser(experiments, { userId, attributes, simulated, kept: serving.keptArms(of, userId) });
  };
}
