import { type DuetClient, DuetClientError } from '@duet/client';
import type { ReactNode } from 'react';
import { type Drawing, drawn } from './drawn.tsx';
import { type AnswerOf, ask, type ListName, type ListOf } from './lists.ts';
import { entriesOf } from './shown.ts';
import { ShownList } from './shown-list.tsx';

export type { ListName, ListOf } from './lists.ts';

export type AnsweredListProps<L extends ListName> = Drawing<L> & {
  answer: AnswerOf<L>;
  /** Where the shop shows the list: it goes with every event. */
  placement: string;
};

/** An answer that the server has, as a list whose items the browser counts. */
export function AnsweredList<L extends ListName = 'retrieve'>(props: AnsweredListProps<L>) {
  const { answer, placement, label, heading, children, href, empty = null, ...looks } = props;
  if (answer.items.length === 0) return empty;
  const entries = entriesOf<L>(answer, placement);
  return (
    <ShownList {...{ entries, answerId: crypto.randomUUID(), label, heading, ...looks }}>
      {answer.items.map((item, index) => drawn<L>(item, index + 1, { children, href }))}
    </ShownList>
  );
}

export type ServerRecommendationsProps<L extends ListName> = ListOf<L> &
  Drawing<L> & {
    /** The server's client, with a secret key; the visitor is the `userId`. */
    client: DuetClient;
    /** Where Duet does not answer; nothing if it is not said. */
    failed?: ((error: DuetClientError) => ReactNode) | undefined;
  };

/**
 * A list as a server component: the page arrives with it, and its items are drawn on the server. The browser logs its
 * events, by the `DuetProvider` of the page, whose visitor is this `userId`.
 */
export async function Recommendations<L extends ListName = 'retrieve'>(props: ServerRecommendationsProps<L>) {
  const { client, label, heading, children, href, empty, failed, ...others } = props;
  const { className, listClassName, itemClassName, unwanted, ...rest } = others;
  const answer = await ask<L>(client, rest as unknown as ListOf<L>).catch((cause) => {
    if (cause instanceof DuetClientError) return cause;
    throw cause;
  });
  if (answer instanceof DuetClientError) return failed?.(answer) ?? null;
  const drawing = { label, heading, children, href, empty, className, listClassName, itemClassName, unwanted };
  return <AnsweredList<L> answer={answer} placement={props.placement} {...drawing} />;
}
