import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DuetError } from '@duet/base';
import type { TRPCError } from '@trpc/server';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { answers, createCallerFactory, publicProcedure, router, scoped } from '../procedures.ts';
import { answerCall, type Reply } from './http.ts';
import { type Operation, operationsOf } from './operations.ts';

const rest = (name: string) => ({ rest: { method: 'POST' as const, path: `/v1/${name}` as const, summary: name } });
const number = z.strictObject({ n: z.int().default(7) });

/** What procedures may do: steps before and after, inputs with defaults, contexts that grow, and every way to fail. */
const testRouter = router({
  doubled: publicProcedure
    .meta(rest('doubled'))
    .input(number)
    .output(answers(z.number()))
    .query(({ input }) => input.n * 2),
  grown: publicProcedure
    .meta(rest('grown'))
    .use(({ next, ctx }) => next({ ctx: { seen: Object.keys(ctx).length } }))
    .use(({ next, ctx }) => next({ ctx: { seenTwice: ctx.seen * 2 } }))
    .output(answers(z.array(z.number())))
    .query(({ ctx }) => [ctx.seen, ctx.seenTwice]),
  checked: publicProcedure
    .meta(rest('checked'))
    .input(z.strictObject({ word: z.string().trim().min(3) }))
    .output(answers(z.object({ word: z.string() })))
    .mutation(({ input }) => ({ ...input, length: input.word.length })),
  scoped: scoped(['retrieve'])
    .meta(rest('scoped'))
    .output(answers(z.string()))
    .query(({ ctx }) => ctx.caller.name),
  nested: router({
    refused: publicProcedure
      .meta(rest('refused'))
      .output(answers(z.never()))
      .query(() => {
        throw new DuetError('not-found', 'There is none.');
      }),
    broken: publicProcedure
      .meta(rest('broken'))
      .output(answers(z.never()))
      .query(() => {
        throw new TypeError('a secret of the inside');
      }),
  }),
});

/** Each procedure with inputs that are right and wrong. */
const inputs: Record<string, unknown[]> = {
  doubled: [{ n: 3 }, {}, { n: 'three' }, { n: 1, m: 2 }, undefined, null],
  grown: [undefined],
  checked: [{ word: ' mug ' }, { word: 'a ' }, 'mug'],
  scoped: [undefined],
  'nested.refused': [undefined],
  'nested.broken': [undefined],
};

describe('a call over HTTP', () => {
  const createCaller = createCallerFactory(testRouter);
  const caller = { id: '1', name: 'shop', scopes: ['retrieve'], rateLimit: null, rateBurst: null };
  const contexts: Record<string, Context> = {
    'with a key': { authenticate: async () => caller } as unknown as Context,
    'without one': { authenticate: async () => undefined } as unknown as Context,
    'with another scope': { authenticate: async () => ({ ...caller, scopes: ['events'] }) } as unknown as Context,
  };
  const called = (path: string, ctx: Context, input: unknown): Promise<unknown> =>
    path
      .split('.')
      .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], createCaller(ctx))
      // @ts-expect-error: of some procedure, and with any input
      ?.call(undefined, input);
  const answered = (operation: Operation, ctx: Context, input: unknown): Promise<Reply> =>
    answerCall({ operation, input, ctx, timeoutMs: 60_000 }, () => {});

  test('does with every procedure, input and caller what tRPC’s own caller does', async () => {
    const operations = operationsOf(testRouter);
    assert.deepEqual(Object.keys(inputs).sort(), operations.map(({ name }) => name).sort());
    for (const operation of operations) {
      for (const input of inputs[operation.name]!) {
        for (const [who, ctx] of Object.entries(contexts)) {
          const what = `${operation.name} of ${JSON.stringify(input)} ${who}`;
          const { body, error } = await answered(operation, ctx, input);
          try {
            const data = await called(operation.name, ctx, input);
            assert.equal(error, undefined, what);
            assert.deepEqual(body, data, what);
          } catch (thrown) {
            const { code, message } = thrown as TRPCError;
            assert.deepEqual({ code: error?.code, message: error?.message }, { code, message }, what);
          }
        }
      }
    }
  });

  test('tells nobody what went wrong inside, and everybody what they may mend', async () => {
    const messages: Record<string, string> = {};
    for (const operation of operationsOf(testRouter).filter(({ name }) => name.startsWith('nested.'))) {
      const { body } = await answered(operation, contexts['with a key']!, undefined);
      messages[operation.name] = (body as { error: { message: string } }).error.message;
    }
    assert.deepEqual(messages, {
      'nested.refused': 'There is none.',
      'nested.broken': 'Something went wrong inside Duet. Its log says what.',
    });
  });

  test('does not look at the hundred thousandth field, nor tell of the eleventh fault', async () => {
    const [doubled] = operationsOf(testRouter);
    const wide = Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`field${at}`, 1]));
    const few = Object.fromEntries(Object.entries(wide).slice(0, 900));
    let settled = 0;
    const messageFor = async (input: unknown) => {
      const call = { operation: doubled!, input, ctx: contexts['with a key']!, timeoutMs: 60_000 };
      const { status, body } = await answerCall(call, () => settled++);
      assert.equal(status, 400);
      return (body as { error: { message: string } }).error.message;
    };
    assert.match(await messageFor(wide), /more than 1000 fields/);
    assert.match(await messageFor({ n: wide }), /more than 1000 fields/);
    assert.ok((await messageFor(few)).length <= 2_001);
    assert.equal(settled, 3, 'each is counted out');
  });
});
