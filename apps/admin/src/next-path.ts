const here = 'http://admin.invalid';

/** Where to go on to after the log-in: a path of this app, as a browser would read it; `/` for anything else. */
export function nextPath(next: string): string {
  if (!next.startsWith('/') || !URL.canParse(next, here)) return '/';
  const { origin, pathname, search, hash } = new URL(next, here);
  // `//host` in a path that was made shorter would be another site again.
  return origin === here && !pathname.startsWith('//') ? `${pathname}${search}${hash}` : '/';
}
