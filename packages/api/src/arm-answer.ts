import { DuetError } from '@duet/base';
import type { Assign } from './assignment.ts';
import type { Caller } from './context.ts';
import { drawList, drawOf, type List } from './drawn-list.ts';

/** What a request says of who asks, from where, and for which model. */
interface ArmRequest {
  userId?: string | undefined;
  modelId?: string | undefined;
  placement?: string | undefined;
  context?: Readonly<Record<string, string>> | undefined;
  features?: Readonly<Record<string, string>> | undefined;
  k: number;
}

/** The experiment that an answer is of, and the arm where all its items are of one. */
export interface Trial {
  experiment?: { id: string; name: string };
  arm?: { id: string; name: string; kept?: true };
}

/** What an answer is made with, unless the request says it. */
export interface ArmSettings {
  modelId?: string | undefined;
  indexId?: string | null;
  /** Of the experiment; null where the dataset's newest is meant. */
  rankerId: string | null;
  /** Of the arm: see `armSettings` of packages/experiments. */
  alpha?: number | undefined;
  diversity?: number | undefined;
  demoteAfter?: number | undefined;
}

interface ArmContext {
  assign: Assign;
  caller: Caller;
}

/** Whether a model or its index cannot be used, whoever asks. */
const isOutOfOrder = (error: unknown): boolean =>
  error instanceof DuetError && ['corrupt', 'not-found', 'unavailable'].includes(error.code);

/**
 * An answer from the model of the user's arm, or from the model that the request names, and which arm that was. Where
 * the experiment draws its lists, by team draft or to explore, each item says whose it is, or how likely it was there.
 *
 * A model that is out of order costs no shopper an answer: what is deployed gives it, or the best sellers, and the
 * answer is then of no arm and says so.
 */
export async function answerFromArm<Answer extends List & { fallbacks: string[] }>(
  { assign, caller }: ArmContext,
  { userId, modelId, placement, context, features, k }: ArmRequest,
  requestId: string,
  ask: (settings: ArmSettings, k: number) => Promise<Answer>,
): Promise<{ answer: Answer; trial: Trial }> {
  const simulated = caller.scopes.includes('simulate');
  const datasetId = caller.datasetId ?? undefined;
  const assignment =
    modelId === undefined && userId !== undefined
      ? await assign({ userId, datasetId, placement, context: { ...features, ...context }, simulated })
      : undefined;
  if (assignment === undefined) return { answer: await ask({ modelId, rankerId: null }, k), trial: {} };

  const { experiment } = assignment;
  const draw = drawOf(assignment, k);
  const asked = await Promise.allSettled(
    draw.arms.map(({ modelId, indexId, settings: { rankerId = experiment.rankerId, ...settings } }) =>
      ask({ modelId, indexId, rankerId, ...settings }, draw.count),
    ),
  );
  const failures = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (failures.length === 0) {
    const answers = asked.map((one) => (one as PromiseFulfilledResult<Answer>).value);
    const { exploration } = experiment.settings;
    const { answer, arm } = drawList(draw, answers, { k, exploration, requestId });
    const keptField = assignment.reason === 'kept' && { kept: true as const };
    const shown = {
      experiment: { id: experiment.id, name: experiment.name },
      ...(arm && { arm: { ...arm, ...keptField } }),
    };
    return { answer, trial: shown };
  }

  const unforeseen = failures.find((failure) => !isOutOfOrder(failure));
  if (unforeseen !== undefined) throw unforeseen;
  const broken = draw.arms.flatMap(({ name }, at) => {
    const one = asked[at]!;
    return one.status === 'rejected' ? [`Arm "${name}" cannot answer: ${(one.reason as Error).message}`] : [];
  });
  const answer = await ask({ rankerId: experiment.rankerId }, k);
  return { answer: { ...answer, fallbacks: [...broken, ...answer.fallbacks] }, trial: {} };
}
