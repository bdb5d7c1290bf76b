import { authenticate, type Caller, type Credentials, createRateLimiter, type Keyring } from '@duet/api';
import type { Config } from '@duet/base';
import { TRPCError } from '@trpc/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from './metrics.ts';

/** The header with a visitor's signed id. */
export const visitorHeader = 'x-duet-visitor';
export const datasetHeader = 'x-duet-dataset';

/** What of a request says who calls. */
export function credentialsOf({ headers, ip }: FastifyRequest): Credentials {
  const [visitor, dataset] = [headers[visitorHeader], headers[datasetHeader]];
  return {
    authorization: headers.authorization,
    origin: headers.origin,
    visitor: Array.isArray(visitor) ? visitor[0] : visitor,
    dataset: Array.isArray(dataset) ? dataset[0] : dataset,
    address: ip,
  };
}

/** Lets a request's caller in; undefined for one without a key. */
export type Admit = (request: FastifyRequest, reply: FastifyReply) => Promise<Caller | undefined>;

/**
 * Admits callers within the rate of their key, which the answer's headers tell:
 * draft-ietf-httpapi-ratelimit-headers-10.
 *
 * @throws DuetError as `authenticate`; TRPCError TOO_MANY_REQUESTS past the rate
 */
export function createAdmit(
  config: Pick<Config, 'rateLimit' | 'rateBurst'>,
  { keyring, metrics }: { keyring: Keyring; metrics: Pick<Metrics, 'refused'> },
): Admit {
  const take = createRateLimiter();
  return async (request, reply) => {
    const caller = await authenticate(credentialsOf(request), keyring);
    if (caller === undefined) return undefined;
    const rate = {
      perSecond: caller.rateLimit ?? config.rateLimit,
      burst: caller.rateBurst ?? Math.max(config.rateBurst, caller.rateLimit ?? 0),
    };
    const { allowed, remaining, resetSeconds, retryAfterSeconds } = take(caller.id, rate);
    const window = Math.ceil(rate.burst / rate.perSecond);
    reply.header('ratelimit-policy', `"key";q=${rate.burst};w=${window}`);
    reply.header('ratelimit', `"key";r=${remaining};t=${resetSeconds}`);
    if (allowed) return caller;
    metrics.refused('rate-limit');
    reply.header('retry-after', retryAfterSeconds);
    throw new TRPCError({
      code: 'TOO_MANY_REQUESTS',
      message: `The API key "${caller.name}" may send ${rate.perSecond} requests a second. Try again in ${retryAfterSeconds} s.`,
    });
  };
}
