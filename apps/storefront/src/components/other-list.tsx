import type { DuetClient, ListAnswer } from '@duet/client';
import type { Call } from '../browser/calls.ts';
import { callOf } from '../server/call-facts.ts';
import { ask } from '../server/retrieval.ts';
import { ItemGrid } from './item-grid.tsx';
import { ShownCall } from './shown-call.tsx';

interface Props {
  id: string;
  title: string;
  procedure: Call['procedure'];
  list: (duet: DuetClient) => Promise<ListAnswer>;
}

const facts = ({ source, fallbacks, requestId }: ListAnswer): Call['facts'] => [
  ['From', source],
  ...fallbacks.map((why) => ['Filled up', why] satisfies Call['facts'][number]),
  ['Request id', requestId],
];

/**
 * A list that no experiment decides, under its title: nothing at all where Duet has none, since the page does without.
 */
export async function OtherList({ id, title, procedure, list }: Props) {
  const answer = await ask(list);
  const call = callOf(procedure, answer, facts);
  if (!answer.ok || answer.value.items.length === 0) return <ShownCall call={call} />;
  const { items, currency, requestId } = answer.value;
  return (
    <section aria-labelledby={id} className="mt-14">
      <ShownCall call={call} />
      <h2 id={id} className="mb-6 font-bold text-2xl">
        {title}
      </h2>
      <ItemGrid items={items.map((item) => ({ ...item, currency }))} list={{ id: call.id, placement: id, requestId }} />
    </section>
  );
}
