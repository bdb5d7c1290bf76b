/** What a key may ask for: `perSecond` requests on average, `burst` at once. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** What the limiter says of one request, in the terms of its answer's headers. */
export interface Allowance {
  allowed: boolean;
  rate: Rate;
  /** Requests that the key may send right now. */
  remaining: number;
  /** Seconds until the whole burst is there again. */
  resetSeconds: number;
  /** Seconds until one more request is allowed; 0 where one is. */
  retryAfterSeconds: number;
}

/** Buckets that are remembered: the oldest is forgotten, and with it what it lacks. */
const mostBuckets = 100_000;

/** A token bucket a key: it holds `burst` tokens, fills by `perSecond`, and each request takes one. */
export function createRateLimiter(now: () => number = () => performance.now()): (id: string, rate: Rate) => Allowance {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (id, rate) => {
    const { perSecond, burst } = rate;
    const time = now();
    const bucket = buckets.get(id) ?? { tokens: burst, at: time };
    const tokens = Math.min(burst, bucket.tokens + ((time - bucket.at) / 1000) * perSecond);
    const allowed = tokens >= 1;
    const left = allowed ? tokens - 1 : tokens;
    buckets.set(id, { tokens: left, at: time });
    if (buckets.size > mostBuckets) buckets.delete(buckets.keys().next().value!);
    return {
      allowed,
      rate,
      remaining: Math.floor(left),
      resetSeconds: Math.ceil((burst - left) / perSecond),
      retryAfterSeconds: left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / perSecond)),
    };
  };
}
