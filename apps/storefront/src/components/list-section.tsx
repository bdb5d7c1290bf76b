import type { DuetClient } from '@duet/client';
import { AnsweredList, type AnsweredListProps, type ListName } from '@duet/react/server';
import type { ReactNode } from 'react';
import type { Call } from '../browser/calls.ts';
import { callOf, factsOf } from '../server/call-facts.ts';
import { ask } from '../server/retrieval.ts';
import { ItemCard } from './item-card.tsx';
import { grid } from './item-grid.tsx';
import { ShownCall } from './shown-call.tsx';
import { Unavailable } from './unavailable.tsx';

interface Props<L extends ListName> {
  title: string;
  /** Where it stands: what its events carry. */
  placement: string;
  procedure: Call['procedure'];
  list: (duet: DuetClient) => Promise<AnsweredListProps<L>['answer']>;
  /** Where there are no items; nothing if it is not said, since most pages do without. */
  empty?: ReactNode;
  /** What the page cannot be without: where Duet does not answer, this is said to be missing. */
  needed?: string;
  /** The list is what the page is about. */
  isMain?: boolean;
}

/** A list under its title, which the page arrives with. */
export async function ListSection<L extends ListName>(props: Props<L>) {
  const { title, placement, procedure, list, empty, needed, isMain = false } = props;
  const answer = await ask(list);
  const call = callOf(procedure, answer, factsOf);
  const Heading = isMain ? 'h1' : 'h2';
  const heading = <Heading className={isMain ? 'page-title' : 'mb-6 font-bold text-2xl'}>{title}</Heading>;
  if (!answer.ok) {
    return (
      <section className="list">
        <ShownCall call={call} />
        {needed !== undefined && (
          <>
            {heading}
            <Unavailable what={needed} />
          </>
        )}
      </section>
    );
  }
  const { currency } = answer.value;
  return (
    <>
      <ShownCall call={call} />
      <AnsweredList<L>
        answer={answer.value}
        placement={placement}
        heading={heading}
        className="list"
        listClassName={grid}
        empty={
          empty === undefined ? null : (
            <section className="list">
              {heading}
              {empty}
            </section>
          )
        }
      >
        {(item) => <ItemCard item={{ ...item, currency }} />}
      </AnsweredList>
    </>
  );
}
