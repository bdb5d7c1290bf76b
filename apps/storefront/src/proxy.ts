import { type NextRequest, NextResponse } from 'next/server';
import { newVisitorId, shopperCookie, shopperIn } from './server/session.ts';
import { settings } from './server/settings.ts';

/**
 * Who comes without a shopper's cookie, by whatever link, is a new visitor from then on, and every page gets a content
 * security policy with a nonce: only this shop's own scripts run, and only its own server and Duet are called. Next gives its
 * scripts the nonce that it finds in the request's policy.
 */
export function proxy(request: NextRequest): NextResponse {
  const isNew = shopperIn(request.cookies) === undefined;
  if (isNew) request.cookies.set(shopperCookie.name, newVisitorId());
  const nonce = btoa(crypto.randomUUID());
  const development = process.env.NODE_ENV === 'development';
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ''}`,
    `style-src 'self' ${development ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    // React hides the drawings that it streams later with a style attribute; attributes cannot load or run anything.
    "style-src-attr 'unsafe-inline'",
    `connect-src 'self' ${new URL(settings().publicUrl).origin}`,
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  const headers = new Headers(request.headers);
  headers.set('content-security-policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', policy);
  const visitor = shopperIn(request.cookies);
  if (isNew && visitor !== undefined) {
    const secure = request.headers.get('x-forwarded-proto') === 'https';
    response.cookies.set(shopperCookie.name, visitor, { ...shopperCookie.options, secure });
  }
  return response;
}

export const config = { matcher: ['/((?!api|_next/static|icon.svg).*)'] };
