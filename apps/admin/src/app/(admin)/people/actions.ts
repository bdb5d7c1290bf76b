'use server';

import {
  changeRole,
  disableAccount,
  endSecondFactor,
  invite as inviteAccount,
  type Person,
  removeAccount,
  resetLink,
} from '@duet/db/people';
import { refresh } from 'next/cache';
import { redirect } from 'next/navigation';
import { guarded } from '#data/guarded.ts';
import { addressOf } from '#data/people.ts';
import { attempt } from '#data/problem.ts';
import { throttle } from '#throttle.ts';

export interface LinkState {
  /** A link that is told this once. */
  link?: string;
  problem?: string;
}

const refused = (problem: string): LinkState => ({ problem });
const text = (data: FormData, name: string): string => String(data.get(name) ?? '');

/** So many links an account makes in a quarter of an hour; whoever took one over invites no crowd. */
function mayMakeLink({ id }: Person): string | undefined {
  const [maker, now] = [`links ${id}`, Date.now()];
  const waitMs = throttle.waitMs(maker, now);
  if (waitMs > 0) return `That are many links in a short time. Try again in ${Math.ceil(waitMs / 60_000)} min.`;
  throttle.failed(maker, now);
  return undefined;
}

/** Invites somebody, and tells the link that they come in by. */
export const invite = guarded(
  'people/invite',
  async ({ db, by, person }, _: LinkState, data: FormData): Promise<LinkState> => {
    const asked = { email: text(data, 'email'), name: text(data, 'name'), role: text(data, 'role') as Person['role'] };
    const tooMany = mayMakeLink(person);
    if (tooMany !== undefined) return { problem: tooMany };
    const { value, problem } = await attempt(() => inviteAccount(db, asked, by));
    if (value === undefined) return { problem };
    refresh();
    return { link: await addressOf(value) };
  },
  refused,
);

/** Makes a link by which somebody chooses a new password. */
export const makeLink = guarded(
  'people/makeLink',
  async ({ db, by, person }, _: LinkState, data: FormData): Promise<LinkState> => {
    const tooMany = mayMakeLink(person);
    if (tooMany !== undefined) return { problem: tooMany };
    const { value, problem } = await attempt(() => resetLink(db, text(data, 'id'), by));
    if (value === undefined) return { problem };
    refresh();
    return { link: await addressOf(value) };
  },
  refused,
);

export const setRole = guarded('people/setRole', async ({ db, by }, _: string | undefined, data: FormData) => {
  const to = text(data, 'role') as Person['role'];
  const { problem } = await attempt(() => changeRole(db, text(data, 'id'), to, by));
  refresh();
  return problem ?? '';
});

/** Keeps somebody out, or lets them in again. */
export const setDisabled = guarded('people/setDisabled', async ({ db, by }, _: string | undefined, data: FormData) => {
  const { problem } = await attempt(() => disableAccount(db, text(data, 'id'), data.get('disabled') === 'yes', by));
  refresh();
  return problem ?? '';
});

/** Ends somebody's second factor, who has lost it. */
export const endFactor = guarded('people/endFactor', async ({ db, by }, _: string | undefined, data: FormData) => {
  const { problem } = await attempt(() => endSecondFactor(db, text(data, 'id'), by));
  refresh();
  return problem ?? '';
});

/** Removes somebody, and goes back to those who are left. */
export const remove = guarded('people/remove', async ({ db, by }, _: string | undefined, data: FormData) => {
  const revokeKeys = data.has('revokeKeys');
  const { problem } = await attempt(() => removeAccount(db, text(data, 'id'), { revokeKeys }, by));
  if (problem !== undefined) return problem;
  redirect('/people');
});
