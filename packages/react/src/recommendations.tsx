'use client';

import type { DuetClientError } from '@duet/client';
import { type ReactNode, useId } from 'react';
import { type Drawing, drawn } from './drawn.tsx';
import type { AnswerOf, ListName, ListOf } from './lists.ts';
import { defaultLabel, ShownList } from './shown-list.tsx';
import { useRecommendations } from './use-recommendations.ts';

export type RecommendationsProps<L extends ListName> = ListOf<L> &
  Drawing<L> & {
    /** An answer that the server had already: it is shown at once, and nothing is asked. */
    initial?: AnswerOf<L> | undefined;
    /** While Duet is asked. */
    loading?: ReactNode;
    /** Where Duet does not answer; nothing if it is null. */
    failed?: ((error: DuetClientError, retry: () => void) => ReactNode) | null | undefined;
    /** The words of the button for the next page; no button if they are not said. */
    more?: string | undefined;
  };

/**
 * A list of Duet: `<Recommendations placement="home" />`. It has no style. Impressions are logged when an item was really
 * seen, clicks when its link is followed.
 */
export function Recommendations<L extends ListName = 'retrieve'>(props: RecommendationsProps<L>) {
  const { label, heading, children, href, empty = null, loading, failed, more, ...rest } = props;
  const { className, listClassName, itemClassName, unwanted, ...asked } = rest;
  const list = useRecommendations<L>(asked as unknown as ListOf<L>);
  const answerId = useId();
  if (list.status === 'loading') {
    return (
      <section aria-label={label ?? defaultLabel} aria-busy="true" className={className}>
        {loading ?? <p role="status">Loading …</p>}
      </section>
    );
  }
  if (list.status === 'failed') {
    if (failed === null) return null;
    return (
      <section aria-label={label ?? defaultLabel} className={className}>
        {failed?.(list.error!, list.retry) ?? (
          <p role="status">
            This list is not here just now.{' '}
            <button type="button" onClick={list.retry}>
              Try again
            </button>
          </p>
        )}
      </section>
    );
  }
  if (list.items.length === 0) return empty;
  const after = more !== undefined && list.more !== undefined && (
    <button type="button" onClick={list.more}>
      {more}
    </button>
  );
  return (
    <ShownList
      {...{ entries: list.entries, answerId, label, heading, after, unwanted, className, listClassName, itemClassName }}
    >
      {list.items.map((item, index) => drawn<L>(item, index + 1, { children, href }))}
    </ShownList>
  );
}
