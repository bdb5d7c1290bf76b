import { type Config, readOrMakeSecret, readSecret } from '@duet/base';
import { issueSession, validSession } from './session.ts';

/** The password that opens the admin, or undefined while nobody has set one. */
export const adminPassword = (config: Config): string | undefined =>
  config.adminPassword ?? readSecret(config.dataDir, 'admin-password');

/** Whether this token lets its bearer in. Without a password nobody is let in. */
export function mayEnter(config: Config, token: string | undefined, now = Date.now()): boolean {
  const password = adminPassword(config);
  return password !== undefined && validSession(token, readOrMakeSecret(config.dataDir, 'session'), password, now);
}

/** A token for somebody who has given the password, by the name that their changes are written down under. */
export const letIn = (config: Config, password: string, name: string, now = Date.now()): string =>
  issueSession(readOrMakeSecret(config.dataDir, 'session'), password, name, now);
