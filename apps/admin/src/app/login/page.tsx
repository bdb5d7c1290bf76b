import type { Metadata } from 'next/types';
import { Mark } from '#components/layout/mark.tsx';
import { LoginForm } from './form.tsx';

export const metadata: Metadata = { title: 'Log in' };

export default async function LoginPage({ searchParams }: { searchParams: Promise<{ next?: string | string[] }> }) {
  const { next } = await searchParams;
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center px-6 pb-24">
      <div className="mb-6 flex items-center gap-2.5">
        <Mark />
        <h1 className="text-xl font-semibold tracking-tight">Duet</h1>
      </div>
      <div className="rounded-xl border border-line bg-surface p-6">
        <LoginForm next={typeof next === 'string' ? next : '/'} />
      </div>
      <p className="mt-4 text-sm text-muted">
        <code className="font-mono">npm start</code> prints the password; it lies in the data folder as{' '}
        <code className="font-mono">keys/admin-password.key</code>.
      </p>
    </main>
  );
}
