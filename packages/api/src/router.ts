import { randomUUID } from 'node:crypto';
import { DuetError } from '@duet/config';
import { logEvents } from '@duet/experiments';
import { assignmentOf } from './assignment.ts';
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
  shoppersAnswer,
  shoppersInput,
  similarItemsAnswer,
  similarItemsInput,
} from './schemas.ts';

/** Whether a model or its index cannot be used, whoever asks. */
const isOutOfOrder = (error: unknown): boolean =>
  error instanceof DuetError && ['corrupt', 'not-found', 'unavailable'].includes(error.code);

export const appRouter = router({
  retrieve: scoped('retrieve')
    .meta({ rest: { method: 'POST', path: '/v1/retrieve', summary: 'Items that the user may want, best first' } })
    .input(retrieveInput)
    .output(answers(retrieveAnswer))
    .query(async ({ ctx, input }) => {
      const started = performance.now();
      const { userId, query, context, placement, k, modelId, exclude } = input;
      const situation = { time: Date.now() / 1000, values: context };
      if (modelId !== undefined) requireScope(ctx.caller, 'admin');
      const simulated = ctx.caller.scopes.includes('simulate');
      let taken =
        modelId === undefined ? await assignmentOf(ctx.serving, { userId, placement, context, simulated }) : undefined;
      const arms = taken?.arm.settings.rankerId ?? taken?.experiment.rankerId ?? undefined;
      const rankerId = input.rank ? arms : null;
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

  similarItems: scoped('retrieve')
    .meta({ rest: { method: 'GET', path: '/v1/items/{itemId}/similar', summary: 'Items that are most like an item' } })
    .input(similarItemsInput)
    .output(answers(similarItemsAnswer))
    .query(({ ctx, input }) => {
      if (input.modelId !== undefined) requireScope(ctx.caller, 'admin');
      return ctx.serving.similarItems(input);
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

  // By POST, as everything that names a user: URLs end up in the logs of proxies.
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
        logEvents(ctx.db, input.events, {
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
