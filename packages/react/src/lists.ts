import type { DuetClient } from '@duet/client';

/** The lists that a page can show, by the client's names. */
export type ListName =
  | 'retrieve'
  | 'similarItems'
  | 'search'
  | 'popular'
  | 'trending'
  | 'newArrivals'
  | 'recentlyViewed'
  | 'boughtTogether';

type InputOf<L extends ListName> = NonNullable<Parameters<DuetClient[L]>[0]>;
export type AnswerOf<L extends ListName> = Awaited<ReturnType<DuetClient[L]>>;
export type ItemOf<L extends ListName> = AnswerOf<L>['items'][number];

/** What a list is asked for; the placement is said once, for the question and its events. */
export type ListInput<L extends ListName> = Omit<InputOf<L>, 'placement' | 'cursor'>;

/** Which list, where on the page, and what it needs to know. */
export type ListOf<L extends ListName> = {
  /** Recommendations for the user (`retrieve`) where it is not said. */
  list?: L;
  /** Where the shop shows the list, such as "home": it goes with the request and with every event. */
  placement: string;
} & ListInput<L>;

/** Asks for a list. */
export function ask<L extends ListName>(
  client: DuetClient,
  { list = 'retrieve' as L, ...input }: ListOf<L> & { cursor?: string | undefined },
  o?: { signal?: AbortSignal },
): Promise<AnswerOf<L>> {
  const call = client[list] as unknown as (input: object, o?: object) => Promise<AnswerOf<L>>;
  return call(input, o);
}
