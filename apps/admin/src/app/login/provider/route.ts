import { redirect } from 'next/navigation';
import type { NextRequest } from 'next/server';
import { adminAddress } from '#data/people.ts';
import { attempt } from '#data/problem.ts';
import { config } from '#data/services.ts';
import { nextPath } from '#next-path.ts';
import { beginAtProvider } from '#provider.ts';
import { keepForProvider, tellProblem } from '#provider-cookie.ts';

/** Sends whoever wants to log in by the provider there. */
export async function GET(request: NextRequest): Promise<Response> {
  const next = nextPath(request.nextUrl.searchParams.get('next') ?? '/');
  const callback = `${await adminAddress()}/login/provider/callback`;
  const { value, problem } = await attempt(() => beginAtProvider(config(), callback, next));
  if (value === undefined) {
    await tellProblem(problem);
    redirect('/login');
  }
  await keepForProvider(value.kept);
  redirect(value.url);
}
