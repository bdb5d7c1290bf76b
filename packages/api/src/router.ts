import { randomUUID } from 'node:crypto';
import { DuetError } from '@duet/base';
import { logEvents } from '@duet/experiments';
import type { Serving } from '@duet/serving';
import { assignmentOf } from './assignment.ts';
import type { Caller } from './context.ts';
import { drawnList, type List } from './drawn-list.ts';
import { answers, createCallerFactory, publicProcedure, requireScope, router, scoped } from './procedures.ts';
import {
  healthAnswer,
  historyAnswer,
  historyInput,
  itemAnswer,
  itemInput,
  logAnswer,
  logInput,
  retrieveAnswer,
  retrieveInput,
  searchAnswer,
  searchInput,
  shoppersAnswer,
  shoppersInput,
  similarItemsAnswer,
  similarItemsInput,
  similarUsersAnswer,
  similarUsersInput,
} from './schemas.ts';

/** Whether a model or its index cannot be used, whoever asks. */
const isOutOfOrder = (error: unknown): boolean =>
  error instanceof DuetError && ['corrupt', 'not-found', 'unavailable'].includes(error.code);

/** Who asks, from where, and for which model. */
interface Asking {
  userId?: string | undefined;
  modelId?: string | undefined;
  placement?: string | undefined;
  context?: Readonly<Record<string, string>> | undefined;
  features?: Readonly<Record<string, string>> | undefined;
  k: number;
}

/** The experiment that an answer is of, and the arm where all its items are of one. */
interface Tried {
  experiment?: { id: string; name: string };
  arm?: { id: string; name: string };
}

/** What an answer is made with, unless the request says it. */
interface Wanted {
  modelId?: string | undefined;
  indexId?: string | null;
  /** Of the experiment; null where the dataset's newest is meant. */
  rankerId: string | null;
  /** Of the arm: see `armSettings` of packages/experiments. */
  alpha?: number | undefined;
  diversity?: number | undefined;
}

/**
 * An answer from the model of the user's arm, or from the model that the request names, and which arm that was. Where
 * the experiment draws its lists, by team draft or to explore, each item says whose it is, or how likely it was there.
 */
async function fromArm<Answer extends List>(
  { serving, caller }: { serving: Serving; caller: Caller },
  { userId, modelId, placement, context, features, k }: Asking,
  requestId: string,
  ask: (wanted: Wanted, k: number) => Promise<Answer>,
): Promise<{ answer: Answer; tried: Tried }> {
  const taken =
    modelId === undefined && userId !== undefined
      ? await assignmentOf(serving, {
          userId,
          placement,
          context: { ...features, ...context },
          simulated: caller.scopes.includes('simulate'),
        })
      : undefined;
  if (taken === undefined) return { answer: await ask({ modelId, rankerId: null }, k), tried: {} };
  const { experiment } = taken;
  const broken: string[] = [];
  const askArm = async ({ modelId, indexId, settings }: typeof taken.arm, count: number) => {
    try {
      const { rankerId = experiment.rankerId, alpha, diversity } = settings;
      return await ask({ modelId, indexId, rankerId, alpha, diversity }, count);
    } catch (error) {
      if (isOutOfOrder(error)) broken.push(modelId);
      throw error;
    }
  };
  try {
    const { answer, arm } = await drawnList(taken, k, requestId, askArm);
    return { answer, tried: { experiment: { id: experiment.id, name: experiment.name }, ...(arm && { arm }) } };
  } catch (error) {
    const sound = serving.health().models.find(({ id }) => !broken.includes(id));
    if (sound === undefined || !isOutOfOrder(error)) throw error;
    // The shopper is served, and the experiment stays clean: this answer is of no arm.
    return { answer: await ask({ modelId: sound.id, rankerId: experiment.rankerId }, k), tried: {} };
  }
}

export const appRouter = router({
  retrieve: scoped('retrieve')
    .meta({ rest: { method: 'POST', path: '/v1/retrieve', summary: 'Items that the user may want, best first' } })
    .input(retrieveInput)
    .output(answers(retrieveAnswer))
    .query(async ({ ctx, input }) => {
      const started = performance.now();
      const { context, filters, modelId, rank, at, ...request } = input;
      const simulates = ctx.caller.scopes.includes('simulate');
      if (modelId !== undefined || (at !== undefined && !simulates)) requireScope(ctx.caller, 'admin');
      const situation = { time: (at === undefined ? Date.now() : Date.parse(at)) / 1000, values: context };
      const requestId = randomUUID();
      const { answer, tried } = await fromArm(ctx, input, requestId, ({ rankerId, ...wanted }, k) =>
        ctx.serving.retrieve({
          ...request,
          ...wanted,
          k,
          situation,
          filter: filters,
          rankerId: rank ? (rankerId ?? undefined) : null,
        }),
      );
      const userId = input.userId ?? null;
      const tookMs = performance.now() - started;
      if (tried.arm) ctx.latency.record(tried.arm.id, tookMs);
      return { requestId, userId, ...answer, ...tried, tookMs };
    }),

  search: scoped('retrieve')
    .meta({ rest: { method: 'POST', path: '/v1/search', summary: 'Items for words that were typed, best first' } })
    .input(searchInput)
    .output(answers(searchAnswer))
    .query(async ({ ctx, input }) => {
      const started = performance.now();
      const { context, filters, modelId, ...request } = input;
      if (modelId !== undefined) requireScope(ctx.caller, 'admin');
      const situation = { time: Date.now() / 1000, values: context };
      const requestId = randomUUID();
      const { answer, tried } = await fromArm(ctx, input, requestId, ({ modelId, indexId }, k) =>
        ctx.serving.search({ ...request, modelId, indexId, k, situation, filter: filters }),
      );
      return { requestId, ...answer, ...tried, tookMs: performance.now() - started };
    }),

  similarItems: scoped('retrieve')
    .meta({ rest: { method: 'GET', path: '/v1/items/{itemId}/similar', summary: 'Items that are most like an item' } })
    .input(similarItemsInput)
    .output(answers(similarItemsAnswer))
    .query(({ ctx, input }) => {
      const { filters, ...request } = input;
      if (input.modelId !== undefined) requireScope(ctx.caller, 'admin');
      return ctx.serving.similarItems({ ...request, filter: filters });
    }),

  // By POST, as everything that names a user: URLs end up in the logs of proxies.
  similarUsers: scoped('retrieve')
    .meta({ rest: { method: 'POST', path: '/v1/similar-users', summary: 'Users whom the model sees as most alike' } })
    .input(similarUsersInput)
    .output(answers(similarUsersAnswer))
    .query(({ ctx, input }) => {
      if (input.modelId !== undefined) requireScope(ctx.caller, 'admin');
      return ctx.serving.similarUsers(input);
    }),

  catalogue: router({
    shoppers: scoped('retrieve')
      .meta({ rest: { method: 'GET', path: '/v1/shoppers', summary: 'Real customers, or queries, of the dataset' } })
      .input(shoppersInput.prefault({}))
      .output(answers(shoppersAnswer))
      .query(({ ctx, input }) => ctx.serving.shoppers(input)),
    item: scoped('retrieve')
      .meta({ rest: { method: 'GET', path: '/v1/items/{itemId}', summary: 'An item of the catalogue' } })
      .input(itemInput)
      .output(answers(itemAnswer))
      .query(({ ctx, input }) => ctx.serving.item(input.itemId)),
  }),

  history: scoped('retrieve')
    .meta({ rest: { method: 'POST', path: '/v1/history', summary: 'What a user bought, newest first' } })
    .input(historyInput)
    .output(answers(historyAnswer))
    .query(({ ctx, input }) => ctx.serving.history(input)),

  events: router({
    // A repeat of an event id changes nothing, so a batch may be sent again.
    log: scoped('events')
      .meta({ rest: { method: 'POST', path: '/v1/events', summary: 'Store a batch of events, each once' } })
      .input(logInput)
      .output(answers(logAnswer))
      .mutation(({ ctx, input }) =>
        logEvents(ctx.events, input.events, {
          sentAt: input.sentAt === undefined ? undefined : new Date(input.sentAt),
          simulated: ctx.caller.scopes.includes('simulate'),
        }),
      ),
  }),

  health: publicProcedure
    .meta({ rest: { method: 'GET', path: '/v1/health', summary: 'What is served, by which model, index and engine' } })
    .output(answers(healthAnswer))
    .query(({ ctx }) => ctx.serving.health()),
});

export type AppRouter = typeof appRouter;

/** Calls procedures in this process, as tests and the command line do. */
export const createCaller = createCallerFactory(appRouter);
