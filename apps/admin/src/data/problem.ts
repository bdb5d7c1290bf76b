import { DuetError } from '@duet/base';
import { DuetClientError } from '@duet/client';

/** An answer, or the sentence that says why there is none. */
export type Attempt<T> = { value: T; problem?: undefined } | { value?: undefined; problem: string };

/** Turns the errors that Duet throws on purpose into sentences for the page; any other one is a fault and goes on. */
export async function attempt<T>(run: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    if (error instanceof DuetError || error instanceof DuetClientError) return { problem: error.message };
    throw error;
  }
}
