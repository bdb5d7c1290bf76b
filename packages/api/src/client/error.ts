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
    options: { transient?: boolean; status?: number; retryAfterMs?: number | undefined; cause?: unknown } = {},
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
};

/** The parts of tRPC's client error that the mapping reads. */
interface FailedCall {
  message?: string;
  name?: string;
  cause?: unknown;
  data?: { httpStatus?: number } | null;
  meta?: { response?: { status?: number; headers?: Pick<Headers, 'get'> } };
}

function ofStatus(status: number, message: string, cause: FailedCall): DuetClientError {
  const code =
    codeOfStatus[status] ?? (status === 502 || status === 503 || status === 504 ? 'unavailable' : 'internal');
  const transient = status === 408 || status === 429 || status >= 500;
  const seconds = Number(cause.meta?.response?.headers?.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  return new DuetClientError(code, message, { transient, status, retryAfterMs, cause });
}

/**
 * What went wrong, from whatever tRPC, fetch or an abort signal threw.
 * @param url the service's address, named when it could not be reached
 * @param timeoutMs the limit that a timed out attempt ran into
 */
export function clientError(cause: unknown, url: string, timeoutMs: number): DuetClientError {
  if (cause instanceof DuetClientError) return cause;
  const failed = (cause ?? {}) as FailedCall;
  const status = failed.data?.httpStatus;
  if (status !== undefined) return ofStatus(status, failed.message ?? `Duet answered ${status}.`, failed);
  // An answer without tRPC's envelope comes from something between: a proxy, a load balancer, another server.
  const bare = failed.meta?.response?.status;
  if (bare !== undefined) {
    const what = `${url} answered HTTP ${bare}, but not as Duet does. Is another service or a proxy at this address?`;
    return bare >= 400 ? ofStatus(bare, what, failed) : new DuetClientError('internal', what, { status: bare, cause });
  }
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
