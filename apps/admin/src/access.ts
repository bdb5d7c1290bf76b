import { type Config, readOrMakeSecret, readSecret } from '@duet/base';
import { browserOf, issueSession, knownBrowser, type Session, sessionOf } from './session.ts';

/** The password that opens the admin, or undefined while nobody has set one. */
export const adminPassword = (config: Config): string | undefined =>
  config.adminPassword ?? readSecret(config.dataDir, 'admin-password');

const secretOf = (config: Config): string => readOrMakeSecret(config.dataDir, 'session');

/** The session of whoever bears this token. Without a password nobody has one. */
export function sessionIn(config: Config, token: string | undefined, now = Date.now()): Session | undefined {
  const password = adminPassword(config);
  return password === undefined ? undefined : sessionOf(token, secretOf(config), password, now);
}

/** A session for somebody who has given the password, by the name that their changes are written down under. */
export const letIn = (config: Config, password: string, name: string, now = Date.now()) =>
  issueSession(secretOf(config), password, name, now);

/** What marks a browser as one that has logged in before, and what such a mark says. */
export const markBrowser = (config: Config, id?: string): string => knownBrowser(secretOf(config), id);
export const markedBrowser = (config: Config, cookie: string | undefined): string | undefined =>
  browserOf(cookie, secretOf(config));
