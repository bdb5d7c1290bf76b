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
interface Answer {
  status?: number;
  headers?: Pick<Headers, 'get'>;
}

/** The parts of tRPC's client error that the mapping reads. */
interface FailedCall {
  message?: string;
  name?: string;
  cause?: unknown;
  data?: { httpStatus?: number } | null;
  meta?: { response?: Answer };
}

function ofStatus(status: number, message: string, answer: Answer | undefined, cause?: unknown): DuetClientError {
  const code = codeOfStatus[status] ?? 'internal';
  const transient = status === 408 || status === 429 || status >= 500;
  const retryAfterMs = msOf(answer?.headers?.get('retry-after'));
  return new DuetClientError(code, message, { transient, status, retryAfterMs, cause });
}

/** `Retry-After` in ms: seconds, or a date (RFC 9110, section 10.2.3). */
function msOf(retryAfter: string | null | undefined): number | undefined {
  if (retryAfter == null || retryAfter.trim() === '') return undefined;
  const ms = Number.isFinite(Number(retryAfter)) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** The error of an answer that is not Duet's: a proxy's, a load balancer's, another server's. */
export function foreignAnswer(answer: { status: number; headers: Pick<Headers, 'get'> }, url: string): DuetClientError {
  const { status } = answer;
  const what = `${url} answered HTTP ${status}, but not as Duet does. Is another service or a proxy at this address?`;
  return status >= 400 ? ofStatus(status, what, answer) : new DuetClientError('internal', what, { status });
}

/**
 * What went wrong, from whatever tRPC, fetch or an abort signal threw.
 *
 * @param url the service's address, named when it could not be reached
 * @param timeoutMs the limit that a timed out attempt ran into
 */
export function clientError(cause: unknown, url: string, timeoutMs: number): DuetClientError {
  if (cause instanceof DuetClientError) return cause;
  const failed = (cause ?? {}) as FailedCall;
  if (failed.cause instanceof DuetClientError) return failed.cause;
  const status = failed.data?.httpStatus;
  if (status !== undefined) {
    return ofStatus(status, failed.message ?? `Duet answered ${status}.`, failed.meta?.response, failed);
  }
  const { status: foreign, headers } = failed.meta?.response ?? {};
  if (foreign !== undefined) return foreignAnswer({ status: foreign, headers: headers ?? new Headers() }, url);
  const timedOut = [failed, failed.cause as FailedCall | undefined].some((error) => error?.name === 'TimeoutError');
  if (timedOut) {
    return new DuetClientError('timeout', `Duet at ${url} did not answer within ${timeoutMs} ms.`, {
      transient: true,
      cause,
    });
  }
  return new DuetClientError(
    'unreachable',
    `Duet at ${url} could not be reached (${failed.message ?? 'no reason given'}). Is the retrieval service running?`,
    { transient: true, cause },
  );
}
