import { DuetError } from '@duet/base';
import { accountByProvider } from '@duet/db/people';
import { redirect } from 'next/navigation';
import type { NextRequest } from 'next/server';
import { enter } from '#data/enter.ts';
import { adminAddress } from '#data/people.ts';
import { attempt } from '#data/problem.ts';
import { config, logger, openedDatabase } from '#data/services.ts';
import { finishAtProvider } from '#provider.ts';
import { takeForProvider, tellProblem } from '#provider-cookie.ts';

/** Lets in whom the provider sends back and vouches for. */
export async function GET(request: NextRequest): Promise<Response> {
  const settings = config();
  const pending = await takeForProvider();
  const address = new URL(`${await adminAddress()}/login/provider/callback${request.nextUrl.search}`);
  const domains = settings.oidcDomains
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((domain) => domain !== '');
  const { value: person, problem } = await attempt(async () => {
    if (pending === undefined) throw new DuetError('unauthorised', 'That took too long. Begin again.');
    return accountByProvider(await openedDatabase(), await finishAtProvider(settings, address, pending), domains);
  });
  if (person === undefined) {
    logger().warn({ problem }, 'a log-in by the provider failed');
    await tellProblem(problem);
    redirect('/login');
  }
  await enter(person.id);
  redirect(pending!.next);
}
