import type { Metadata } from 'next/types';
import { Doorstep } from '#components/layout/doorstep.tsx';
import { firstSteps } from '#data/first-steps.ts';
import { config } from '#data/services.ts';
import { nextPath } from '#next-path.ts';
import { toldProblem } from '#provider-cookie.ts';
import { LoginForm } from './form.tsx';

export const metadata: Metadata = { title: 'Log in' };

export default async function LoginPage({ searchParams }: { searchParams: Promise<{ next?: string | string[] }> }) {
  const { next: asked } = await searchParams;
  const next = nextPath(typeof asked === 'string' ? asked : '/');
  const { oidcIssuer, oidcName } = config();
  const problem = await toldProblem();
  const { email, isNew } = await firstSteps();
  return (
    <Doorstep
      note={
        isNew && (
          <>
            The first account is <code className="font-mono">{email}</code>.{' '}
            <code className="font-mono">npm start</code> prints its password; it lies in the data folder as{' '}
            <code className="font-mono">keys/admin-password.key</code>.
          </>
        )
      }
    >
      {problem && (
        <p role="alert" className="mb-4 text-sm text-bad">
          {problem}
        </p>
      )}
      {oidcIssuer !== undefined && (
        <div className="mb-5 border-b border-line pb-5">
          <a href={`/login/provider?${new URLSearchParams({ next })}`} className="button w-full">
            Log in with {oidcName}
          </a>
        </div>
      )}
      <LoginForm next={next} email={isNew ? email : ''} />
    </Doorstep>
  );
}
