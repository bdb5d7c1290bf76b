import { type Config, createLogger, DuetError, type Logger, loadConfig, readSecret } from '@duet/base';
import { createDuetClient, type DuetClient } from '@duet/client';
import { type Database, openDatabase, requireMigrated } from '@duet/db';
import { mayDo, type Person, personOf } from '@duet/db/people';
import { cookies, headers } from 'next/headers';
import { forbidden, redirect } from 'next/navigation';
import { cache } from 'react';
import { sessionIn } from '#access.ts';
import { pathHeader } from '#path-header.ts';
import { type Need, needOf } from '#permissions.ts';
import { isHttps, sessionCookie } from '#session.ts';

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

/** The database without asking who wants it: for what is open to everybody. Pages use {@link database}. */
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

/** Somebody who has logged in, and in which session. */
export interface SignedIn extends Person {
  session: string;
}

/**
 * Who asks. Sends everybody to the log-in who has no session, or whose session was ended since.
 *
 * @throws DuetError while the database, which knows that, is away
 */
export const signedIn = cache(async (): Promise<SignedIn> => {
  const name = sessionCookie(isHttps(await headers()));
  const session = sessionIn(config(), (await cookies()).get(name)?.value);
  const person = session && (await personOf(await openedDatabase(), session.id));
  if (session === undefined || person === undefined) {
    const next = (await headers()).get(pathHeader) ?? '/';
    redirect(`/login?${new URLSearchParams({ next })}`);
  }
  return { ...person, session: session.id };
});

/** What the address that was asked for wants of who asks. The proxy says which one it is. */
export async function needHere(): Promise<Need> {
  const asked = (await headers()).get(pathHeader);
  return asked === null ? 'administer' : needOf(asked);
}

/** Who asks, where their role may see what they ask for; it is forbidden to others. */
const allowedHere = cache(async (): Promise<SignedIn> => {
  const [person, need] = [await signedIn(), await needHere()];
  if (need !== 'open' && !mayDo(person.role, need)) forbidden();
  return person;
});

/**
 * The database, for somebody whose role may see this page: there is no other way from a page to the data, so a page that
 * forgets to ask is still refused. An action gets it from {@link guarded}, which asks whether they may do that.
 */
export async function database(): Promise<Database> {
  await allowedHere();
  return openedDatabase();
}

/**
 * The retrieval service with the admin's key, for somebody whose role may see this page.
 *
 * @param dataset name of the one that shall answer where a call names no model
 *
 * @throws DuetError `unavailable` while the key has not been made
 */
export async function retrieval(dataset?: string): Promise<DuetClient> {
  await allowedHere();
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
