import { randomBytes } from 'node:crypto';
import { loadConfig } from '@duet/base';
import { type NextRequest, NextResponse } from 'next/server';
import { sessionIn } from './access.ts';
import { pathHeader } from './path-header.ts';
import { needOf } from './permissions.ts';
import { isHttps, sessionCookie } from './session.ts';

/** Only our own scripts run: each page's carry its nonce. Charts set style attributes, so those are let through. */
function contentSecurityPolicy(nonce: string): string {
  const development = process.env.NODE_ENV === 'development';
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ''}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * Lets in who has a session (whose it is, and whether they may see the page, `database()` asks) and gives every page its
 * content security policy.
 */
export function proxy(request: NextRequest): Response {
  const { pathname, search } = request.nextUrl;
  const policy = contentSecurityPolicy(randomBytes(16).toString('base64'));
  // What changes something comes from this app's own pages: browsers say which page it was, and Next compares.
  if (!['GET', 'HEAD'].includes(request.method) && !request.headers.has('origin')) {
    return Response.json({ error: 'The request does not say which page it comes from (Origin).' }, { status: 403 });
  }
  const token = request.cookies.get(sessionCookie(isHttps(request.headers)))?.value;
  if (needOf(pathname) !== 'open' && sessionIn(loadConfig(), token) === undefined) {
    if (pathname.startsWith('/api/')) {
      return Response.json({ error: 'Log in first: POST /login, or open /login in a browser.' }, { status: 401 });
    }
    const login = request.nextUrl.clone();
    login.pathname = '/login';
    login.search = pathname === '/' ? '' : `?${new URLSearchParams({ next: `${pathname}${search}` })}`;
    return NextResponse.redirect(login);
  }
  const headers = new Headers(request.headers);
  headers.set('content-security-policy', policy);
  headers.set(pathHeader, pathname);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', policy);
  return response;
}

export const config = { matcher: ['/((?!_next/static|icon.svg|favicon.ico).*)'] };
