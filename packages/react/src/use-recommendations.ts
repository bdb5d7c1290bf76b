'use client';

import { DuetClientError } from '@duet/client';
import { useEffect, useMemo, useState } from 'react';
import { useDuet } from './duet-provider.tsx';
import { type AnswerOf, ask, type ItemOf, type ListName, type ListOf } from './lists.ts';
import { entriesOf, type ShownEntry } from './shown.ts';

export interface UseRecommendations<L extends ListName> {
  status: 'loading' | 'ready' | 'failed';
  /** Best first, of all pages that were asked for. */
  items: ItemOf<L>[];
  /** One of each item: what its events carry. `ShownList` takes them. */
  entries: ShownEntry[];
  /** The first page's answer, with its source, arm and currency. */
  answer: AnswerOf<L> | undefined;
  /** Why there is none. */
  error: DuetClientError | undefined;
  retry(): void;
  /** Asks for the next page; undefined where there is none. */
  more: (() => void) | undefined;
}

interface State<L extends ListName> {
  /** What was asked, as a text. */
  of: string;
  pages: AnswerOf<L>[];
  error?: DuetClientError;
}

const cursorOf = (page: unknown): string | undefined =>
  (page as { nextCursor?: string | null } | undefined)?.nextCursor ?? undefined;

/**
 * A list of Duet for a component that draws it itself. It is asked anew when what is asked changes; an answer that comes
 * too late is dropped.
 *
 * @param asked which list, its placement, and its input; `initial` is an answer that the server had already
 */
export function useRecommendations<L extends ListName = 'retrieve'>({
  initial,
  ...asked
}: ListOf<L> & { initial?: AnswerOf<L> | undefined }): UseRecommendations<L> {
  const { client } = useDuet();
  const of = JSON.stringify(asked);
  const [state, setState] = useState<State<L>>({ of, pages: initial === undefined ? [] : [initial] });
  const [attempt, setAttempt] = useState(0);
  const [isMoreAsked, setMoreAsked] = useState(false);
  const pages = state.of === of ? state.pages : [];
  const error = state.of === of ? state.error : undefined;
  const isFirst = pages.length === 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `of` is what is asked, and a new attempt asks it again.
  useEffect(() => {
    if (client === undefined || !(isFirst || isMoreAsked)) return;
    const given = new AbortController();
    const cursor = cursorOf(pages.at(-1));
    ask<L>(client, { ...(asked as unknown as ListOf<L>), ...(cursor !== undefined && { cursor }) }, given)
      .then((page) => setState({ of, pages: [...pages, page] }))
      .catch((cause) => {
        if (given.signal.aborted) return;
        if (!(cause instanceof DuetClientError)) throw cause;
        setState({ of, pages, error: cause });
      })
      .finally(() => setMoreAsked(false));
    return () => given.abort();
  }, [client, of, attempt, isFirst, isMoreAsked]);

  return useMemo(() => {
    const entries: ShownEntry[] = [];
    for (const page of pages) entries.push(...entriesOf<L>(page, asked.placement, entries.length));
    return {
      status: pages.length > 0 ? 'ready' : error === undefined ? 'loading' : 'failed',
      items: pages.flatMap(({ items }) => items as ItemOf<L>[]),
      entries,
      answer: pages[0],
      error,
      retry: () => setAttempt((times) => times + 1),
      more: cursorOf(pages.at(-1)) === undefined ? undefined : () => setMoreAsked(true),
    };
  }, [pages, error, asked.placement]);
}
