import type { Author, Database } from '@duet/db';
import { authorOf, mayDo, refusal } from '@duet/db/people';
import { type Action, actions } from '#permissions.ts';
import { openedDatabase, type SignedIn, signedIn } from './services.ts';

/** What an action is handed once it is allowed. */
export interface Granted {
  db: Database;
  /** Whose change it is, for the log of changes. */
  by: Author;
  person: SignedIn;
}

/**
 * A server action that only those may call whose role the table of permissions names: there is no other way from an
 * action to the data. By itself an action answers with the sentence that says what is wrong, or ''.
 *
 * @param refused what it answers who may not, made of the sentence that says so
 */
export function guarded<Args extends unknown[]>(
  action: Action,
  work: (granted: Granted, ...args: Args) => Promise<string>,
): (...args: Args) => Promise<string>;
export function guarded<Args extends unknown[], Result>(
  action: Action,
  work: (granted: Granted, ...args: Args) => Promise<Result>,
  refused: (sentence: string) => Result,
): (...args: Args) => Promise<Result>;
export function guarded<Args extends unknown[], Result>(
  action: Action,
  work: (granted: Granted, ...args: Args) => Promise<Result>,
  refused: (sentence: string) => Result = (sentence) => sentence as Result,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    const person = await signedIn();
    const need = actions[action];
    if (need !== 'open' && !mayDo(person.role, need)) return refused(refusal(person.role, need));
    return work({ db: await openedDatabase(), by: authorOf(person), person }, ...args);
  };
}
