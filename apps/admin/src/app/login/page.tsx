import type { Metadata } from 'next/types';
import { Doorstep } from '#components/layout/doorstep.tsx';
import { firstSteps } from '#data/first-steps.ts';
import { LoginForm } from './form.tsx';

export const metadata: Metadata = { title: 'Log in' };

export default async function LoginPage({ searchParams }: { searchParams: Promise<{ next?: string | string[] }> }) {
  const { next } = await searchParams;
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
      <LoginForm next={typeof next === 'string' ? next : '/'} email={isNew ? email : ''} />
    </Doorstep>
  );
}
