import { DuetError } from '@duet/base';
import type { Database, VerifiedApiKey } from '@duet/db';
import type { AnswerLog, EventSink, LatencyLog, LoggedEvents } from '@duet/experiments';
import type { Plan, Serving } from '@duet/serving';
import type { Keyring } from './access/keyring.ts';
import { visitorOf } from './access/visitor.ts';
import type { Assign } from './assignment.ts';

/** Whose key a request came with, what it allows, and who visits the shop's page that sent it. */
export interface Caller extends VerifiedApiKey {
  /** Of a publishable key: whom the request says, by their signed id, that it is of. */
  visitorId?: string | undefined;
  /** Of a key of every dataset: the one that the request names. */
  dataset?: string | undefined;
}

/** What every procedure gets. */
export interface Context {
  /** What is written goes there; what answers, `serving` has in memory. */
  db: Database;
  serving: Serving;
  events: EventSink;
  /** `createAssign` of this serving. */
  assign: Assign;
  keyring: Pick<Keyring, 'secretOf' | 'whileAnswering'>;
  /** Told how long each arm's answers took. */
  latency: Pick<LatencyLog, 'record'>;
  /** Told of each list that a shopper was answered. */
  answers: Pick<AnswerLog, 'answered'>;
  /** Told what became of each batch of events. */
  onLogged(result: LoggedEvents): void;
  /** The most that an order line may be worth, in minor units of a currency. */
  orderLimit(currency: string): number;
  /**
   * Who is calling; undefined without a key.
   *
   * @throws DuetError `unauthorised` for a key that is unknown, revoked or used elsewhere than it is for
   */
  authenticate(): Promise<Caller | undefined>;
}

/** What of a request says who calls. */
export interface Credentials {
  /** `Bearer <key>` */
  authorization?: string | undefined;
  /** Of the page that calls. */
  origin?: string | undefined;
  /** The visitor's signed id: the header `x-duet-visitor`. */
  visitor?: string | undefined;
  /** Name or id of the dataset that shall answer, for a key of every dataset: the header `x-duet-dataset`. */
  dataset?: string | undefined;
  /** The network address that it came from. */
  address: string;
}

/**
 * The caller that a request names; undefined for one without a key.
 *
 * @throws DuetError `unauthorised` for credentials that name nobody; `unavailable` as {@link Keyring.check}
 */
export async function authenticate(
  { authorization, origin, visitor, dataset, address }: Credentials,
  keyring: Pick<Keyring, 'check' | 'secretOf'>,
): Promise<Caller | undefined> {
  if (authorization === undefined) return undefined;
  const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const caller = key === undefined ? undefined : await keyring.check(key, address);
  if (caller === undefined) {
    throw new DuetError('unauthorised', 'The API key is unknown or revoked.', {
      fix: 'Send a key that the admin made, as "Authorization: Bearer sk_…".',
    });
  }
  if (caller.kind === 'secret') return dataset === undefined ? caller : { ...caller, dataset };
  if (origin === undefined || !caller.origins.includes(origin)) {
    const from = origin === undefined ? 'a request that names no origin' : `pages of ${origin}`;
    throw new DuetError('unauthorised', `The API key "${caller.name}" is not for ${from}.`, {
      fix: `It is for pages of ${caller.origins.join(', ')}. Servers use a secret key.`,
    });
  }
  if (visitor === undefined) return caller;
  const secret = keyring.secretOf(caller.datasetId!);
  const visitorId = secret === undefined ? undefined : visitorOf(secret, visitor);
  if (visitorId !== undefined) return { ...caller, visitorId };
  throw new DuetError('unauthorised', 'The visitor’s id is not signed with the secret of this key’s dataset.', {
    where: { field: 'x-duet-visitor' },
    fix: 'Sign it on your server with signVisitor, or let POST /v1/visitors make one.',
  });
}

/**
 * The caller, of the dataset that the request names where the key is of every one.
 *
 * @throws DuetError `bad-input` for a dataset that there is not, or that the key is not of
 */
export function inNamedDataset(caller: Caller, { datasets }: Pick<Plan, 'datasets'>): Caller {
  const { dataset, datasetId } = caller;
  if (dataset === undefined) return caller;
  const id = Object.keys(datasets).find((one) => one === dataset || datasets[one] === dataset);
  if (id !== undefined && (datasetId ?? id) === id) return { ...caller, datasetId: id };
  throw new DuetError(
    'bad-input',
    datasetId !== null ? `This key has no dataset "${dataset}".` : `There is no dataset "${dataset}".`,
    { where: { field: 'x-duet-dataset' } },
  );
}
