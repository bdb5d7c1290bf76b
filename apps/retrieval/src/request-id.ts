import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The header with a request's id, in and out. */
export const requestIdHeader = 'x-request-id';

/**
 * A request's id: the caller's own (`x-request-id`), else that of the trace it belongs to (`traceparent`,
 * https://www.w3.org/TR/trace-context/), else a new one. It is answered, and stands in each line of the log.
 */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers[requestIdHeader];
  if (typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given)) return given;
  const { traceparent } = headers;
  return /^[\da-f]{2}-([\da-f]{32})-/.exec(typeof traceparent === 'string' ? traceparent : '')?.[1] ?? randomUUID();
}
