import { cookies, headers } from 'next/headers';
import { type Kept, kept } from './provider.ts';
import { isHttps, problemCookie, providerCookie } from './session.ts';

const keptSeconds = 600;
const problemSeconds = 60;

async function jar() {
  const secure = isHttps(await headers());
  // Lax: the provider's page leads back here, which is a navigation from another site.
  return { jar: await cookies(), secure, options: { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const };
}

/** Keeps in the browser what its answer from the provider is checked against. */
export async function keepForProvider(what: Kept): Promise<void> {
  const { jar: own, secure, options } = await jar();
  own.set(providerCookie(secure), JSON.stringify(what), { ...options, maxAge: keptSeconds });
}

/** What was kept, once. */
export async function takeForProvider(): Promise<Kept | undefined> {
  const { jar: own, secure } = await jar();
  const text = own.get(providerCookie(secure))?.value ?? 'null';
  own.delete({ name: providerCookie(secure), path: '/', secure });
  try {
    return kept.safeParse(JSON.parse(text)).data;
  } catch {
    // Not what was set here: as if it were not there.
    return undefined;
  }
}

/** Why a log-in by the provider came to nothing, for the page that is shown next. */
export async function tellProblem(problem: string): Promise<void> {
  const { jar: own, secure, options } = await jar();
  own.set(problemCookie(secure), problem.slice(0, 500), { ...options, maxAge: problemSeconds });
}

export async function toldProblem(): Promise<string | undefined> {
  const { jar: own, secure } = await jar();
  return own.get(problemCookie(secure))?.value;
}
