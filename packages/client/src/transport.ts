import type { AppRouter } from '@duet/api';
import { createTRPCClient, httpLink } from '@trpc/client';
import { clientError, DuetClientError, foreignAnswer } from './error.ts';
import { pageStorage } from './event-store.ts';
import type { CallOptions, DuetClientOptions } from './options.ts';
import { defaultRetry, withRetry } from './retry.ts';
import { openVisitor } from './visitor.ts';

/** `fetch` with `keepalive` lets a page that is being left finish its request, up to 64 KiB (fetch.spec.whatwg.org). */
const keepaliveLimit = 60_000;

/**
 * How calls reach the service: in time, again where that is harmless, and with every failure as a `DuetClientError`.
 *
 * @internal its type is tRPC's, which the published declarations do without
 */
export function openTransport(options: DuetClientOptions) {
  const { apiKey, timeoutMs = 5_000 } = options;
  const url = addressOf(options.url);
  const deadlineMs = options.deadlineMs ?? Math.max(10_000, timeoutMs);
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const retry = { ...defaultRetry, ...options.retry };
  const isPublishable = apiKey?.startsWith('pk_') ?? false;
  const visitor = openVisitor(
    options.visitor,
    async () => (await trpc.visitors.create.mutate()).visitor,
    pageStorage(),
  );
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };

  const fetchJson = async (address: string, init: RequestInit): Promise<Response> => {
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? either(init.signal, limit) : limit;
    const { body } = init;
    const keepalive = 'document' in globalThis && typeof body === 'string' && body.length < keepaliveLimit;
    const response = await send(address, { ...init, signal, ...(keepalive ? { keepalive } : {}) });
    if (/\bjson\b/.test(response.headers.get('content-type') ?? '')) return response;
    // Of a proxy, most likely: what it says is for people, but its status counts.
    throw foreignAnswer(response, url);
  };

  const trpc = createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${url}/trpc`,
        // Queries as POST: a user's id stays out of URLs, which proxies log, and a long list fits.
        methodOverride: 'POST',
        headers: async ({ op }) => {
          if (!isPublishable || op.path === 'visitors.create') return authorization;
          return { ...authorization, 'x-duet-visitor': await visitor.signed() };
        },
        fetch: (address, init) => fetchJson(address as string, init as RequestInit),
      }),
    ],
  });

  const once = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run().catch((cause) => {
        // The secret that Duet signed the visitor's id with may be another by now: a new id is made, once.
        if (clientError(cause, url, timeoutMs).code === 'unauthorised' && visitor.forget()) return run();
        throw cause;
      });
    } catch (cause) {
      throw clientError(cause, url, timeoutMs);
    }
  };
  /** Reads change nothing, so a repeat is harmless. A caller's own abort is final. */
  const read = <T>(run: (o: { signal: AbortSignal }) => Promise<T>, o: CallOptions = {}): Promise<T> => {
    const limitMs = o.deadlineMs ?? deadlineMs;
    const limit = AbortSignal.timeout(limitMs);
    const signal = o.signal ? either(o.signal, limit) : limit;
    const attempt = async () => {
      try {
        if (!signal.aborted) return await once(() => run({ signal }));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (o.signal?.aborted) throw new DuetClientError('aborted', 'The call was aborted.', { cause: o.signal.reason });
      throw new DuetClientError('timeout', `Duet at ${url} did not answer within ${limitMs} ms.`, { transient: true });
    };
    return withRetry(attempt, retry, { deadline: performance.now() + limitMs, signal });
  };

  return {
    trpc,
    retry,
    once,
    read,
    /** With a publishable key: the id that the shop signed, or the service. */
    visitor,
    isPublishable,
  };
}

/** The service's address without a slash at its end. @throws DuetClientError `bad-input` for what is none */
function addressOf(url: string): string {
  const { location } = globalThis as { location?: { href: string } };
  try {
    const { protocol, href } = new URL(url, location?.href);
    if (/^https?:$/.test(protocol)) return href.replace(/\/+$/, '');
  } catch {
    // Said below.
  }
  const what = `"${url}" is no address of a retrieval service. It is a URL such as http://127.0.0.1:4300.`;
  throw new DuetClientError('bad-input', what);
}

/**
 * Aborts when either does; by hand where a runtime lacks `AbortSignal.any`, as Vercel's edge runtime and older browsers
 * do.
 */
function either(...signals: AbortSignal[]): AbortSignal {
  if ('any' in AbortSignal) return AbortSignal.any(signals);
  const both = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) both.abort(signal.reason);
    else signal.addEventListener('abort', () => both.abort(signal.reason), { once: true });
  }
  return both.signal;
}
