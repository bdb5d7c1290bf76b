import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import type { Context } from '../context.ts';
import { appRouter } from '../router.ts';

/** Calls in one batch at most: each is admitted, limited and answered by itself. */
const mostCalls = 20;

/** A request as tRPC's batch links make it: paths joined by commas, inputs by their place. */
export interface BatchRequest {
  method: string;
  /** With its query, from `/trpc/` on. */
  url: string;
  headers: Record<string, string>;
  /** As it was parsed from JSON. */
  body: unknown;
}

/**
 * Answers several calls at once, by tRPC's own adapter: an ordinary client's `httpBatchLink` and `httpBatchStreamLink`
 * work. A single call goes the shorter way of `answerCall`, without a web request, a web answer and their streams.
 *
 * @param onError hears of each call that fails
 */
export function answerBatch(
  { method, url, headers, body }: BatchRequest,
  createContext: () => Context,
  onError: (failed: { error: Error & { code: string }; path: string | undefined }) => void,
): Promise<Response> {
  return fetchRequestHandler({
    endpoint: '/trpc',
    req: new Request(new URL(url, 'http://duet'), {
      method,
      headers,
      ...(method === 'POST' && { body: JSON.stringify(body ?? {}) }),
    }),
    router: appRouter,
    createContext,
    onError,
    maxBatchSize: mostCalls,
    allowMethodOverride: true,
  });
}
