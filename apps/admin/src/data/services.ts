import { type Config, createLogger, DuetError, type Logger, loadConfig, readSecret } from '@duet/base';
import { createDuetClient, type DuetClient } from '@duet/client';
import { type Author, type Database, openDatabase, requireMigrated } from '@duet/db';
import { cookies, headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { cache } from 'react';
import { sessionIn } from '#access.ts';
import { isHttps, type Session, sessionCookie } from '#session.ts';
import { isOpen } from './sessions.ts';

interface Opened {
  config: Config;
  logger: Logger;
  database?: Promise<Database> | undefined;
}

// Next evaluates a module once per bundle, and again after each edit in development; the process has one pool.
const place = globalThis as { duetAdmin?: Opened };

function opened(): Opened {
  if (place.duetAdmin === undefined) {
    const config = loadConfig();
    place.duetAdmin = { config, logger: createLogger(config, 'admin') };
  }
  return place.duetAdmin;
}

export const config = (): Config => opened().config;
export const logger = (): Logger => opened().logger;

/** @throws DuetError of a database that is away, or is not as this Duet needs it */
async function openMigrated(config: Config): Promise<Database> {
  const database = await openDatabase(config);
  try {
    await requireMigrated(database);
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

/** The database without asking who wants it: for `/api/health` alone. Everything else uses {@link database}. */
export async function openedDatabase(): Promise<Database> {
  const services = opened();
  services.database ??= openMigrated(services.config);
  try {
    return await services.database;
  } catch (error) {
    services.database = undefined;
    throw error;
  }
}

/**
 * The session of somebody who has logged in, and who was not logged out since. Without its database, the cookie's word
 * counts.
 */
export const signedIn = cache(async (): Promise<Session> => {
  const name = sessionCookie(isHttps(await headers()));
  const session = sessionIn(config(), (await cookies()).get(name)?.value);
  if (session === undefined) redirect('/login');
  const open = await openedDatabase()
    .then((db) => isOpen(db, session.id))
    .catch(() => true);
  if (!open) redirect('/login');
  return session;
});

/** Whose changes these are, for the audit log. */
export const author = async (): Promise<Author> => ({ actor: (await signedIn()).name });

/**
 * The database, for somebody who has logged in: there is no other way from a page or an action to the data, so
 * a page that forgets to ask is still refused. Sends everybody else to the log-in.
 */
export async function database(): Promise<Database> {
  await signedIn();
  return openedDatabase();
}

/**
 * The retrieval service with the admin's key, for somebody who has logged in.
 *
 * @param dataset name of the one that shall answer where a call names no model
 *
 * @throws DuetError `unavailable` while the key has not been made
 */
export async function retrieval(dataset?: string): Promise<DuetClient> {
  await signedIn();
  const apiKey = readSecret(config().dataDir, 'admin-api');
  if (apiKey === undefined) {
    throw new DuetError('unavailable', "There is no key for the retrieval service in the data folder's keys.", {
      fix: '`npm start` makes one.',
    });
  }
  const inDataset: typeof fetch = (address, init) => {
    const headers = new Headers(init?.headers);
    if (dataset !== undefined) headers.set('x-duet-dataset', dataset);
    return fetch(address, { ...init, headers });
  };
  const patience = { timeoutMs: 10_000, retry: { attempts: 1 } };
  return createDuetClient({ url: config().retrievalUrl, apiKey, fetch: inDataset, ...patience });
}
