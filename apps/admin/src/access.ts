import { type Config, readOrMakeSecret } from '@duet/base';
import { browserOf, issueSession, issueTicket, knownBrowser, type Session, sessionOf, ticketOf } from './session.ts';

type Folder = Pick<Config, 'dataDir'>;

const secretOf = ({ dataDir }: Folder): string => readOrMakeSecret(dataDir, 'session');

/** What second factors are sealed with. */
export const sealingKey = ({ dataDir }: Folder): string => readOrMakeSecret(dataDir, 'people');

/** The session of whoever bears this token. */
export const sessionIn = (config: Folder, token: string | undefined, now = Date.now()): Session | undefined =>
  sessionOf(token, secretOf(config), now);

/** A session for somebody who may come in. */
export const letIn = (config: Folder, now = Date.now()) => issueSession(secretOf(config), now);

/** For somebody who has given an account's password and owes its code, and whose ticket it is. */
export const makeTicket = (config: Folder, accountId: string, now = Date.now()): string =>
  issueTicket(accountId, secretOf(config), now);
export const accountOfTicket = (config: Folder, ticket: string, now = Date.now()): string | undefined =>
  ticketOf(ticket, secretOf(config), now);

/** What marks a browser as one that has logged in before, and what such a mark says. */
export const markBrowser = (config: Folder, id?: string): string => knownBrowser(secretOf(config), id);
export const markedBrowser = (config: Folder, cookie: string | undefined): string | undefined =>
  browserOf(cookie, secretOf(config));
