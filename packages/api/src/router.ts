import { randomUUID } from 'node:crypto';
import { DuetError } from '@duet/config';
import { assign, type EventInput, logEvents } from '@duet/experiments';
import type { Plan } from '@duet/serving';
import { z } from 'zod';
import { createCallerFactory, publicProcedure, requireScope, router, scoped } from './procedures.ts';

const id = z.string().min(1).max(200);
const count = (most: number, otherwise: number) => z.int().min(1).max(most).default(otherwise);

const retrieveInput = z.strictObject({
  userId: id,
  /** What the user searches for, where the dataset answers queries: a query's id, or any text. */
  query: id.optional(),
  /** The situation, by the dataset's context columns: { device: "phone" }. The time is now. */
  context: z.record(z.string().max(100), z.string().max(200)).optional(),
  k: count(100, 20),
  /** Where the shop shows the list: "home", "basket". Events carry it too. */
  placement: z.string().max(100).optional(),
  /** Asks this model and no experiment. Needs the scope admin. */
  modelId: z.uuid().optional(),
  /** False leaves the items in retrieval order. */
  rank: z.boolean().default(true),
  exclude: z.array(id).max(1000).default([]),
});

const similarInput = z.strictObject({ itemId: id, k: count(100, 20), modelId: z.uuid().optional() });

/** Events are checked one by one by `logEvents`, so that a bad one does not take the others of its batch with it. */
const logInput = z.strictObject({ events: z.array(z.custom<EventInput>()).max(1000) });

/** The first experiment that takes the user, and the arm that they are in. */
function assignment(plan: Plan, userId: string) {
  for (const experiment of plan.experiments) {
    const arm = assign(experiment, userId);
    const planned = experiment.arms.find((candidate) => candidate.id === arm?.id);
    if (planned !== undefined) return { experiment, arm: planned };
  }
  return undefined;
}

/** Whether a model or its index cannot be used, whoever asks. */
const isOutOfOrder = (error: unknown): boolean =>
  error instanceof DuetError && ['corrupt', 'not-found', 'unavailable'].includes(error.code);

export const appRouter = router({
  /** Items that the user may want, best first, from the model of the user's arm. */
  retrieve: scoped('retrieve')
    .input(retrieveInput)
    .query(async ({ ctx, input }) => {
      const started = performance.now();
      const { userId, query, context, k, modelId, exclude } = input;
      const situation = { time: Date.now() / 1000, values: context };
      if (modelId !== undefined) requireScope(ctx.caller, 'admin');
      let taken = modelId === undefined ? assignment(ctx.serving.plan, userId) : undefined;
      const rankerId = input.rank ? (taken?.experiment.rankerId ?? undefined) : null;
      const ask = (wanted: { modelId?: string | undefined; indexId?: string | null }) =>
        ctx.serving.retrieve({ userId, query, situation, k, ...wanted, rankerId, exclude });
      const answer = await ask(taken ? { modelId: taken.arm.modelId, indexId: taken.arm.indexId } : { modelId }).catch(
        (error) => {
          const sound = ctx.serving.health().models.find(({ id }) => id !== taken?.arm.modelId);
          if (!taken || !sound || !isOutOfOrder(error)) throw error;
          // The shopper is served, and the experiment stays clean: this answer is of no arm.
          taken = undefined;
          return ask({ modelId: sound.id });
        },
      );
      return {
        requestId: randomUUID(),
        userId,
        ...answer,
        ...(taken && {
          experiment: { id: taken.experiment.id, name: taken.experiment.name },
          arm: { id: taken.arm.id, name: taken.arm.name },
        }),
        tookMs: performance.now() - started,
      };
    }),

  /** Items whose vectors are nearest to an item's. */
  similarItems: scoped('retrieve')
    .input(similarInput)
    .query(({ ctx, input }) => {
      if (input.modelId !== undefined) requireScope(ctx.caller, 'admin');
      return ctx.serving.similarItems(input);
    }),

  catalogue: router({
    /** Real customers of the dataset. */
    shoppers: scoped('retrieve')
      .input(z.strictObject({ limit: count(500, 50), search: z.string().max(200).optional() }).prefault({}))
      .query(({ ctx, input }) => ctx.serving.shoppers(input)),
    item: scoped('retrieve')
      .input(z.strictObject({ itemId: id }))
      .query(({ ctx, input }) => ctx.serving.item(input.itemId)),
  }),

  /** What a customer bought, newest first. */
  history: scoped('retrieve')
    .input(z.strictObject({ userId: id, limit: count(500, 50) }))
    .query(({ ctx, input }) => ctx.serving.history(input)),

  events: router({
    /** Takes what it can of a batch. A repeat of an event id changes nothing, so a batch may be sent again. */
    log: scoped('events')
      .input(logInput)
      .mutation(({ ctx, input }) => logEvents(ctx.db, input.events)),
  }),

  /** What is served, by which model version, index version and engine. Public. */
  health: publicProcedure.query(({ ctx }) => ctx.serving.health()),
});

export type AppRouter = typeof appRouter;

/** Calls procedures in this process, as tests and the command line do. */
export const createCaller = createCallerFactory(appRouter);
