import { setStorefront, shopSettings, storefrontOf, storefrontPatch } from '@duet/datasets';
import { identifyUser } from '@duet/experiments';
import { chooseDataset } from '@duet/serving';
import { TRPCError } from '@trpc/server';
import type { z } from 'zod';
import { newVisitorId, signVisitor } from './access/visitor.ts';
import { answerFromArm } from './arm-answer.ts';
import { datasetOf, requestIdFor } from './caller.ts';
import type { Caller, Context } from './context.ts';
import { nextCursor, shownBefore } from './cursor.ts';
import { healthFor } from './health.ts';
import { listProcedures } from './lists.ts';
import { logEventsOf } from './log-events.ts';
import { customerOf, erasureOf, forget } from './privacy.ts';
import { answers, createCallerFactory, publicProcedure, requireScope, router, scoped, userOf } from './procedures.ts';
import {
  healthAnswer,
  historyAnswer,
  identifyAnswer,
  itemAnswer,
  logAnswer,
  type RetrieveAnswer,
  retrieveAnswer,
  searchAnswer,
  shoppersAnswer,
  similarItemsAnswer,
  similarUsersAnswer,
  visitorAnswer,
} from './schemas/answers.ts';
import {
  historyInput,
  identifyInput,
  itemInput,
  logInput,
  type RetrieveInput,
  retrieveInput,
  searchInput,
  shoppersInput,
  similarItemsInput,
  similarUsersInput,
} from './schemas/inputs.ts';
import { customerAnswer, customerInput, erasureAnswer, erasureInput } from './schemas/privacy.ts';
import {
  deleteItemInput,
  patchItemInput,
  putItemInput,
  writeInteractionsInput,
  writeItemsInput,
  writeUsersInput,
  written,
  writtenItem,
} from './schemas/write.ts';
import { writeInteractionsOf, writeItemOf, writeItemsOf, writeUsersOf, writtenDataset } from './write.ts';

/** Counts a list that a shopper was answered; what an admin looks at, or a simulator, is none. */
function noteAnswer(
  { answers, serving, caller }: Context & { caller: Caller },
  { modelId, at, placement = '' }: Pick<RetrieveInput, 'modelId' | 'at' | 'placement'>,
  { source, model, items }: Pick<RetrieveAnswer, 'source' | 'model' | 'items'>,
  armId: string,
): void {
  if (modelId !== undefined || at !== undefined || caller.scopes.includes('simulate')) return;
  const datasetId = chooseDataset(serving.plan, { datasetId: datasetOf(caller) });
  answers.answered({ datasetId, placement, armId, modelId: model?.id ?? '', source, isEmpty: items.length === 0 });
}

export const appRouter = router({
  retrieve: scoped(['retrieve'], { publishable: true })
    .meta({ rest: { method: 'POST', path: '/v1/retrieve', summary: 'Items that the user may want, best first' } })
    .input(retrieveInput)
    .output(answers(retrieveAnswer))
    .query(async ({ ctx, input }) => {
      const started = performance.now();
      const { context, filters, modelId, rank, at, cursor, consent, ...rest } = input;
      const { caller } = ctx;
      if (modelId !== undefined || (at !== undefined && !caller.scopes.includes('simulate')))
        requireScope(caller, 'admin');
      const userId = consent ? userOf(caller, input.userId) : undefined;
      if (consent && (userId ?? input.query ?? input.features ?? input.history) === undefined) {
        const message = 'Say who asks: a userId, a query, features or a history.';
        throw new TRPCError({ code: 'BAD_REQUEST', message });
      }
      const shown = shownBefore(cursor);
      const exclude = [...input.exclude, ...shown];
      const described = consent ? rest : { ...rest, features: undefined, history: undefined };
      const request = { ...described, userId, exclude, datasetId: datasetOf(caller) };
      const situation = { time: (at === undefined ? Date.now() : Date.parse(at)) / 1000, values: context };
      const requestId = requestIdFor(ctx, userId);
      const asked = { ...input, userId };
      const { answer, trial } = await answerFromArm(ctx, asked, requestId, ({ rankerId, ...settings }, k) =>
        ctx.serving.retrieve({
          ...request,
          ...settings,
          diversity: settings.diversity ?? input.diversity,
          k,
          situation,
          filter: filters,
          rankerId: rank ? (rankerId ?? undefined) : null,
        }),
      );
      const tookMs = performance.now() - started;
      if (trial.arm) ctx.latency.record(trial.arm.id, tookMs);
      noteAnswer(ctx, input, answer, trial.arm?.id ?? '');
      const page = answer.items.map(({ itemId }) => itemId);
      const next = { nextCursor: nextCursor(shown, page, input.k) };
      return { requestId, userId: userId ?? null, ...answer, ...trial, ...next, tookMs };
    }),

  search: scoped(['retrieve'], { publishable: true })
    .meta({ rest: { method: 'POST', path: '/v1/search', summary: 'Items for words that were typed, best first' } })
    .input(searchInput)
    .output(answers(searchAnswer))
    .query(async ({ ctx, input }) => {
      const started = performance.now();
      const { context, filters, modelId, consent, cursor, ...rest } = input;
      if (modelId !== undefined) requireScope(ctx.caller, 'admin');
      const userId = consent ? userOf(ctx.caller, input.userId) : undefined;
      const shown = shownBefore(cursor);
      const exclude = [...input.exclude, ...shown];
      const request = { ...rest, userId, exclude, datasetId: datasetOf(ctx.caller) };
      const situation = { time: Date.now() / 1000, values: context };
      const requestId = requestIdFor(ctx, userId);
      const asked = { ...input, userId };
      const { answer, trial } = await answerFromArm(ctx, asked, requestId, ({ modelId, indexId }, k) =>
        ctx.serving.search({ ...request, modelId, indexId, k, situation, filter: filters }),
      );
      const page = answer.items.map(({ itemId }) => itemId);
      const next = { nextCursor: nextCursor(shown, page, input.k) };
      return { requestId, ...answer, ...trial, ...next, tookMs: performance.now() - started };
    }),

  similarItems: scoped(['retrieve'], { publishable: true })
    .meta({
      rest: {
        method: 'GET',
        path: '/v1/items/{itemId}/similar',
        summary: 'Items that are most like an item',
        also: 'POST',
      },
    })
    .input(similarItemsInput)
    .output(answers(similarItemsAnswer))
    .query(({ ctx, input }) => {
      const { filters, ...request } = input;
      if (input.modelId !== undefined) requireScope(ctx.caller, 'admin');
      return ctx.serving.similarItems({ ...request, datasetId: datasetOf(ctx.caller), filter: filters });
    }),

  ...listProcedures,

  // By POST, as everything that names a user: URLs end up in the logs of proxies.
  similarUsers: scoped(['customers'])
    .meta({ rest: { method: 'POST', path: '/v1/similar-users', summary: 'Users whom the model sees as most alike' } })
    .input(similarUsersInput)
    .output(answers(similarUsersAnswer))
    .query(({ ctx, input }) => {
      if (input.modelId !== undefined) requireScope(ctx.caller, 'admin');
      return ctx.serving.similarUsers({ ...input, datasetId: datasetOf(ctx.caller) });
    }),

  catalogue: router({
    shoppers: scoped(['customers'])
      .meta({ rest: { method: 'GET', path: '/v1/shoppers', summary: 'Real customers, or queries, of the dataset' } })
      .input(shoppersInput.prefault({}))
      .output(answers(shoppersAnswer))
      .query(({ ctx, input }) => ctx.serving.shoppers({ ...input, datasetId: datasetOf(ctx.caller) })),
    item: scoped(['retrieve'], { publishable: true })
      .meta({ rest: { method: 'GET', path: '/v1/items/{itemId}', summary: 'An item of the catalogue' } })
      .input(itemInput)
      .output(answers(itemAnswer))
      .query(({ ctx, input }) => ctx.serving.item({ ...input, datasetId: datasetOf(ctx.caller) })),
  }),

  history: scoped(['customers'])
    .meta({ rest: { method: 'POST', path: '/v1/history', summary: 'What a user bought, newest first' } })
    .input(historyInput)
    .output(answers(historyAnswer))
    .query(({ ctx, input }) => ctx.serving.history({ ...input, datasetId: datasetOf(ctx.caller) })),

  visitors: router({
    create: scoped(['retrieve'], { publishable: true })
      .meta({ rest: { method: 'POST', path: '/v1/visitors', summary: 'A signed id for a visitor who has none' } })
      .output(answers(visitorAnswer))
      .mutation(({ ctx }) => {
        const datasetId = datasetOf(ctx.caller);
        const secret = datasetId === undefined ? undefined : ctx.keyring.secretOf(datasetId);
        if (secret === undefined) {
          const message = 'A visitor’s id is signed for a dataset: use a key that belongs to one.';
          throw new TRPCError({ code: 'BAD_REQUEST', message });
        }
        const userId = newVisitorId();
        return { userId, visitor: signVisitor(secret, userId) };
      }),
  }),

  events: router({
    // A repeat of an event id changes nothing, so a batch may be sent again.
    log: scoped(['events', 'orders'], { publishable: true })
      .meta({
        rest: {
          method: 'POST',
          path: '/v1/events',
          summary: 'Store a batch of events, each once',
          refused: ({ accepted, repeated, rejected }: z.output<typeof logAnswer>) =>
            accepted + repeated === 0 && rejected.length > 0,
        },
      })
      .input(logInput)
      .output(answers(logAnswer))
      .mutation(({ ctx, input }) => logEventsOf(ctx, input)),
  }),

  items: router({
    put: scoped(['write'])
      .meta({
        rest: { method: 'PUT', path: '/v1/items/{itemId}', summary: 'Add an item, or put it in place of the one' },
      })
      .input(putItemInput)
      .output(answers(writtenItem))
      .mutation(({ ctx, input }) => writeItemOf(ctx, { ...input, op: 'put' })),
    patch: scoped(['write'])
      .meta({ rest: { method: 'PATCH', path: '/v1/items/{itemId}', summary: 'Change what is said of an item' } })
      .input(patchItemInput)
      .output(answers(writtenItem))
      .mutation(({ ctx, input }) => writeItemOf(ctx, { ...input, op: 'patch' })),
    delete: scoped(['write'])
      .meta({ rest: { method: 'DELETE', path: '/v1/items/{itemId}', summary: 'Show an item no more' } })
      .input(deleteItemInput)
      .output(answers(writtenItem))
      .mutation(({ ctx, input }) => writeItemOf(ctx, { ...input, op: 'delete' })),
    write: scoped(['write'])
      .meta({ rest: { method: 'POST', path: '/v1/items', summary: 'Put, patch and delete up to 10,000 items' } })
      .input(writeItemsInput)
      .output(answers(written))
      .mutation(({ ctx, input }) => writeItemsOf(ctx, input.items)),
  }),

  users: router({
    write: scoped(['write'])
      .meta({ rest: { method: 'POST', path: '/v1/users', summary: 'Say what is known of up to 10,000 users' } })
      .input(writeUsersInput)
      .output(answers(written))
      .mutation(({ ctx, input }) => writeUsersOf(ctx, input.users)),
    // By a shop's server alone, which knows who logged in.
    identify: scoped(['write'])
      .meta({
        rest: { method: 'POST', path: '/v1/identify', summary: 'Join what a visitor did to the user who logged in' },
      })
      .input(identifyInput)
      .output(answers(identifyAnswer))
      .mutation(async ({ ctx, input }) => identifyUser(ctx.db, { ...input, datasetId: await writtenDataset(ctx) })),
    // By POST, as everything that names a user.
    export: scoped(['privacy'])
      .meta({ rest: { method: 'POST', path: '/v1/users/export', summary: 'All that is kept of a customer' } })
      .input(customerInput)
      .output(answers(customerAnswer))
      .query(({ ctx, input }) => customerOf(ctx, input)),
    forget: scoped(['privacy'])
      .meta({
        rest: { method: 'POST', path: '/v1/users/forget', summary: 'Have all that is kept of a customer erased' },
      })
      .input(customerInput)
      .output(answers(erasureAnswer))
      .mutation(({ ctx, input }) => forget(ctx, input)),
    erasure: scoped(['privacy'])
      .meta({
        rest: { method: 'GET', path: '/v1/erasures/{erasureId}', summary: 'How far an erasure is, and its proof' },
      })
      .input(erasureInput)
      .output(answers(erasureAnswer))
      .query(({ ctx, input }) => erasureOf(ctx, input)),
  }),

  interactions: router({
    // A repeat of an interaction changes nothing, so a batch may be sent again.
    write: scoped(['write'])
      .meta({
        rest: { method: 'POST', path: '/v1/interactions', summary: 'Add up to 10,000 interactions of the past' },
      })
      .input(writeInteractionsInput)
      .output(answers(written))
      .mutation(({ ctx, input }) => writeInteractionsOf(ctx, input.interactions)),
  }),

  settings: router({
    get: scoped(['write'])
      .meta({ rest: { method: 'GET', path: '/v1/settings', summary: 'What the shop decided about lists and events' } })
      .output(answers(shopSettings))
      .query(async ({ ctx }) => storefrontOf(ctx.db, await writtenDataset(ctx))),
    patch: scoped(['write'])
      .meta({ rest: { method: 'PATCH', path: '/v1/settings', summary: 'Change some of it' } })
      .input(storefrontPatch)
      .output(answers(shopSettings))
      .mutation(async ({ ctx, input }) =>
        setStorefront(ctx.db, await writtenDataset(ctx), input, { actor: `key:${ctx.caller.name}` }),
      ),
  }),

  health: publicProcedure
    .meta({ rest: { method: 'GET', path: '/v1/health', summary: 'What is served, by which model, index and engine' } })
    .output(answers(healthAnswer))
    // Whoever watches is answered, whatever key they come with.
    .query(async ({ ctx }) => healthFor(ctx.serving.health(), await ctx.authenticate().catch(() => undefined))),
});

export type AppRouter = typeof appRouter;

/** Calls procedures in this process, as tests and the command line do. */
export const createCaller = createCallerFactory(appRouter);
