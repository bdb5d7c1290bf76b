import { refusal } from '@duet/db/people';
import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Doorstep } from '#components/layout/doorstep.tsx';
import { needHere, signedIn } from '#data/services.ts';

export const metadata: Metadata = { title: 'Not allowed' };

/** A page that somebody's role may not see. */
export default async function Forbidden() {
  const [{ role }, need] = [await signedIn(), await needHere()];
  return (
    <Doorstep title="This page is for others">
      <p className="mb-5">{need === 'open' ? '' : refusal(role, need)}</p>
      <Link href="/" className="button">
        Go to the overview
      </Link>
    </Doorstep>
  );
}
