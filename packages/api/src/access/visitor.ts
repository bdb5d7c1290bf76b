import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA-256 (RFC 2104), hex. */
const macOf = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/**
 * A visitor's signed id: the id, a dot, and the HMAC-SHA-256 of the id under the dataset's signing secret, in hex. A
 * shop's server makes it with `signVisitor` of the client, or in any language in one line.
 */
export const signVisitor = (secret: string, id: string): string => `${id}.${macOf(secret, id)}`;

/** The id that a signed one is of; undefined where the signature is not of this secret. */
export function visitorOf(secret: string, signed: string): string | undefined {
  const dot = signed.lastIndexOf('.');
  const id = signed.slice(0, dot);
  return dot > 0 && equal(signed.slice(dot + 1), macOf(secret, id)) ? id : undefined;
}

/** An id for somebody who has none yet. */
export const newVisitorId = (): string => `visitor-${randomUUID()}`;
