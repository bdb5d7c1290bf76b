import { answerError, clientError, DuetClientError } from './error.ts';
import { pageStorage } from './event-store.ts';
import type { CallOptions, ConnectionOptions } from './options.ts';
import { defaultRetry, type RetryPolicy, withRetry } from './retry.ts';
import { openVisitor, type Visitor } from './visitor.ts';

/** `fetch` with `keepalive` lets a page that is being left finish its request, up to 64 KiB (fetch.spec.whatwg.org). */
const keepaliveLimit = 60_000;

/** How calls reach the service: in time, again where that is harmless, every failure as a `DuetClientError`. */
export interface Transport {
  readonly url: string;
  readonly retry: RetryPolicy;
  /** Calls a procedure once. */
  once<T>(procedure: string, input?: unknown, signal?: AbortSignal): Promise<T>;
  /** Calls a procedure that changes nothing, so that a repeat is harmless. */
  read<T>(procedure: string, input?: unknown, o?: CallOptions): Promise<T>;
  /** With a publishable key: the id that the shop signed, or the service. */
  readonly visitor: Visitor;
  readonly isPublishable: boolean;
}

export function openTransport(options: ConnectionOptions): Transport {
  const { apiKey, timeoutMs = 5_000 } = options;
  const url = addressOf(options.url);
  const deadlineMs = options.deadlineMs ?? Math.max(10_000, timeoutMs);
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const retry = { ...defaultRetry, ...options.retry };
  const isPublishable = apiKey?.startsWith('pk_') ?? false;
  const newVisitor = 'visitors.create';
  const makeVisitor = async () => (await once<{ visitor: string }>(newVisitor)).visitor;
  const visitor = openVisitor(options.visitor, makeVisitor, pageStorage());

  /** Everything by POST: a user's id stays out of URLs, which proxies log, and a long list fits. */
  const post = async <T>(procedure: string, input: unknown, given?: AbortSignal): Promise<T> => {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey}`;
    const isKnown = options.consent !== false && procedure !== newVisitor;
    if (isPublishable && isKnown) headers['x-duet-visitor'] = await visitor.signed();
    const limit = AbortSignal.timeout(timeoutMs);
    const body = JSON.stringify(input);
    const response = await send(`${url}/trpc/${procedure}`, {
      ...{ method: 'POST', headers, signal: given ? either(given, limit) : limit },
      ...(body !== undefined && { body }),
      ...('document' in globalThis && (body?.length ?? 0) < keepaliveLimit && { keepalive: true }),
    });
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    const answer = isJson ? ((await response.json()) as { result?: { data: T } }) : undefined;
    if (answer?.result === undefined) throw answerError(answer, response, url);
    return answer.result.data;
  };

  const once: Transport['once'] = async (procedure, input, signal) => {
    try {
      return (await post(procedure, input, signal).catch((cause) => {
        // The secret that Duet signed the visitor's id with may be another by now: a new id is made, once.
        if (cause.code === 'unauthorised' && visitor.forget()) return post(procedure, input, signal);
        throw cause;
      })) as never;
    } catch (cause) {
      throw clientError(cause, url, timeoutMs);
    }
  };
  /** A caller's own abort is final. */
  const read: Transport['read'] = (procedure, input, o = {}) => {
    const limitMs = o.deadlineMs ?? deadlineMs;
    const limit = AbortSignal.timeout(limitMs);
    const signal = o.signal ? either(o.signal, limit) : limit;
    const attempt = async () => {
      try {
        if (!signal.aborted) return (await once(procedure, input, signal)) as never;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (o.signal?.aborted) throw new DuetClientError('aborted', 'The call was aborted.', { cause: o.signal.reason });
      throw new DuetClientError('timeout', `Duet at ${url} did not answer within ${limitMs} ms.`, { transient: true });
    };
    return withRetry(attempt, retry, { deadline: performance.now() + limitMs, signal });
  };

  return { url, retry, once, read, visitor, isPublishable };
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
