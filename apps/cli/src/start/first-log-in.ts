import path from 'node:path';
import { type Config, readSecret } from '@duet/base';
import type { Database } from '@duet/db';
import { accountByPassword, firstPassword } from '@duet/db/people';

/**
 * How the first account logs in, while that is still what this installation made or its settings say; undefined once it
 * has a password of its own.
 *
 * @param isFirst whether to tell the password itself, and not only where it is kept
 */
export async function firstLogIn(
  db: Database,
  { dataDir, adminEmail, adminPassword }: Pick<Config, 'dataDir' | 'adminEmail' | 'adminPassword'>,
  { isFirst }: { isFirst: boolean },
): Promise<string | undefined> {
  const password = adminPassword ?? readSecret(dataDir, firstPassword);
  if (password === undefined || (await accountByPassword(db, adminEmail, password)) === undefined) return undefined;
  const keyFile = path.join(dataDir, `keys/${firstPassword}.key`);
  const passwordHint =
    adminPassword !== undefined
      ? 'as DUET_ADMIN_PASSWORD says'
      : isFirst
        ? `${password} (kept in ${keyFile})`
        : `in ${keyFile}`;
  return `as ${adminEmail}, password ${passwordHint}`;
}
