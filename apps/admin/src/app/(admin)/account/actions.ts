'use server';

import {
  beginSecondFactor,
  changePassword,
  confirmSecondFactor,
  endSecondFactor,
  endSession,
  renameAccount,
  renewRecoveryCodes,
} from '@duet/db/people';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { sealingKey } from '#access.ts';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { config } from '#data/services.ts';
import { throttle } from '#throttle.ts';

const text = (data: FormData, name: string): string => String(data.get(name) ?? '');

/** What a try of a password or a code says where too many before it were wrong. */
function tooMany(who: string): string | undefined {
  const waitMs = throttle.waitMs(who, Date.now());
  return waitMs > 0 ? `Too many attempts. Try again in ${Math.ceil(waitMs / 60_000)} min.` : undefined;
}

export const rename = guarded('account/rename', async ({ db, by, person }, _: string | undefined, data: FormData) => {
  const to = { email: text(data, 'email'), name: text(data, 'name') };
  const { problem } = await attempt(() => renameAccount(db, person.id, to, by));
  refresh();
  return problem ?? 'Saved.';
});

export interface PasswordState {
  done?: boolean;
  problem?: string;
}

export const setPassword = guarded(
  'account/setPassword',
  async ({ db, person }, _: PasswordState, data: FormData): Promise<PasswordState> => {
    const who = `password ${person.id}`;
    const wait = tooMany(who);
    if (wait !== undefined) return { problem: wait };
    const [before, password] = [text(data, 'before'), text(data, 'password')];
    const given = { before, password, session: person.session };
    const { problem } = await attempt(() => changePassword(db, person.id, given));
    if (problem !== undefined) {
      throttle.failed(who, Date.now());
      return { problem };
    }
    throttle.succeeded(who);
    refresh();
    return { done: true };
  },
  (problem) => ({ problem }),
);

export interface FactorState {
  /** What the authenticator reads, as a QR code and as text. */
  uri?: string;
  secret?: string;
  /** New recovery codes, told this once. */
  codes?: string[];
  problem?: string;
}

const refused = (problem: string): FactorState => ({ problem });

/** Makes a secret for an authenticator; nothing is asked for before a code of it has been given. */
export const beginFactor = guarded(
  'account/beginFactor',
  async ({ db, person }, _: FactorState, _data: FormData): Promise<FactorState> => {
    const { value, problem } = await attempt(() => beginSecondFactor(db, person.id, sealingKey(config())));
    return value ?? { problem };
  },
  refused,
);

export const confirmFactor = guarded(
  'account/confirmFactor',
  async ({ db, by, person }, before: FactorState, data: FormData): Promise<FactorState> => {
    const who = `code ${person.id}`;
    const wait = tooMany(who);
    if (wait !== undefined) return { ...before, problem: wait };
    const given = { code: text(data, 'code'), key: sealingKey(config()) };
    const { value: codes, problem } = await attempt(() => confirmSecondFactor(db, person.id, given, by));
    if (codes === undefined) {
      throttle.failed(who, Date.now());
      return { problem };
    }
    refresh();
    return { codes };
  },
  refused,
);

export const renewCodes = guarded(
  'account/renewCodes',
  async ({ db, by, person }, _: FactorState, _data: FormData): Promise<FactorState> => {
    const codes = await renewRecoveryCodes(db, person.id, by);
    refresh();
    return { codes };
  },
  refused,
);

export const endFactor = guarded(
  'account/endFactor',
  async ({ db, by, person }, _: string | undefined, _data: FormData) => {
    const { problem } = await attempt(() => endSecondFactor(db, person.id, by, person.session));
    refresh();
    return problem ?? '';
  },
);

/** Logs one's own account out in another browser. */
export const end = guarded('account/end', async ({ db, person }, _: string | undefined, data: FormData) => {
  const id = z.uuid().safeParse(data.get('id'));
  if (!id.success) return 'There is no such session.';
  await endSession(db, id.data, { accountId: person.id });
  refresh();
  return '';
});
