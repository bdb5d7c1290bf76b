import { cookies, headers } from 'next/headers';
import { type PendingLogin, pendingLogin } from './provider.ts';
import { isHttps, problemCookie, providerCookie } from './session.ts';

const keptSeconds = 600;
const problemSeconds = 60;

async function cookieJar() {
  const secure = isHttps(await headers());
  // Lax: the provider's page leads back here, which is a navigation from another site.
  return { jar: await cookies(), secure, options: { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const };
}

/** Keeps in the browser what its answer from the provider is checked against. */
export async function keepForProvider(what: PendingLogin): Promise<void> {
  const { jar, secure, options } = await cookieJar();
  jar.set(providerCookie(secure), JSON.stringify(what), { ...options, maxAge: keptSeconds });
}

/** What was kept, once. */
export async function takeForProvider(): Promise<PendingLogin | undefined> {
  const { jar, secure } = await cookieJar();
  const text = jar.get(providerCookie(secure))?.value ?? 'null';
  jar.delete({ name: providerCookie(secure), path: '/', secure });
  try {
    return pendingLogin.safeParse(JSON.parse(text)).data;
  } catch {
    // Not what was set here: as if it were not there.
    return undefined;
  }
}

/** Why a log-in by the provider came to nothing, for the page that is shown next. */
export async function tellProblem(problem: string): Promise<void> {
  const { jar, secure, options } = await cookieJar();
  jar.set(problemCookie(secure), problem.slice(0, 500), { ...options, maxAge: problemSeconds });
}

export async function toldProblem(): Promise<string | undefined> {
  const { jar, secure } = await cookieJar();
  return jar.get(problemCookie(secure))?.value;
}
