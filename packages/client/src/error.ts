/** Why a call failed, as the storefront needs to know it. `unreachable` and `timeout` never reached an answer. */
export type ClientErrorCode =
  | 'bad-input'
  | 'unauthorised'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-many-requests'
  | 'unavailable'
  | 'unreachable'
  | 'timeout'
  | 'aborted'
  | 'closed'
  | 'internal';

/** The one error of the client: a sentence, a code, and whether the same call may succeed later. */
export class DuetClientError extends Error {
  readonly code: ClientErrorCode;
  /** True where trying the same call again later may succeed. */
  readonly transient: boolean;
  /** HTTP status of the answer, where there was one. */
  readonly status: number | undefined;
  /** How long the server asked to be left alone, where it did. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    options: {
      transient?: boolean;
      status?: number | undefined;
      retryAfterMs?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'DuetClientError';
    this.code = code;
    this.transient = options.transient ?? false;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

const codeOfStatus: Record<number, ClientErrorCode> = {
  400: 'bad-input',
  401: 'unauthorised',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  413: 'bad-input',
  422: 'bad-input',
  429: 'too-many-requests',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** The parts of an HTTP answer that the mapping reads. */
export type Answer = Pick<Response, 'status'> & { headers: Pick<Headers, 'get'> };

function ofStatus(message: string, { status, headers }: Answer): DuetClientError {
  const code = codeOfStatus[status] ?? 'internal';
  const transient = status === 408 || status === 429 || status >= 500;
  return new DuetClientError(code, message, { transient, status, retryAfterMs: msOf(headers.get('retry-after')) });
}

/** `Retry-After` in ms: seconds, or a date (RFC 9110, section 10.2.3). */
function msOf(retryAfter: string | null | undefined): number | undefined {
  if (retryAfter == null || retryAfter.trim() === '') return undefined;
  const ms = Number.isFinite(Number(retryAfter)) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/**
 * The error of an answer that holds no result: Duet's own says why; any other is a proxy's, a load balancer's, another
 * server's.
 *
 * @param body what the answer holds; undefined where it is no JSON
 */
export function answerError(body: unknown, answer: Answer, url: string): DuetClientError {
  const { error } = (body ?? {}) as { error?: { message?: string; data?: { httpStatus?: number } } };
  const status = error?.data?.httpStatus;
  if (status !== undefined)
    return ofStatus(error?.message ?? `Duet answered ${status}.`, { status, headers: answer.headers });
  const what = `${url} answered HTTP ${answer.status}, but not as Duet does. Is another service or a proxy at this address?`;
  if (answer.status >= 400) return ofStatus(what, answer);
  return new DuetClientError('internal', what, { status: answer.status });
}

/**
 * What went wrong, from whatever fetch or an abort signal threw.
 *
 * @param url the service's address, named when it could not be reached
 * @param timeoutMs the limit that a timed out attempt ran into
 */
export function clientError(cause: unknown, url: string, timeoutMs: number): DuetClientError {
  if (cause instanceof DuetClientError) return cause;
  const { name, message = 'no reason given' } = (cause ?? {}) as { name?: string; message?: string };
  if (name === 'TimeoutError') {
    const what = `Duet at ${url} did not answer within ${timeoutMs} ms.`;
    return new DuetClientError('timeout', what, { transient: true, cause });
  }
  const what = `Duet at ${url} could not be reached (${message}). Is the retrieval service running?`;
  return new DuetClientError('unreachable', what, { transient: true, cause });
}
