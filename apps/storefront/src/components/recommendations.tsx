import { callOf, retrieveFacts } from '../server/call-facts.ts';
import { ask } from '../server/retrieval.ts';
import { ItemGrid } from './item-grid.tsx';
import { ShownCall } from './shown-call.tsx';
import { Unavailable } from './unavailable.tsx';

export const recommendationCount = 24;

/** What Duet recommends to a shopper, with everything that its events need: request, experiment and arm. */
export async function Recommendations({ userId }: { userId: string }) {
  const placement = 'home';
  const answer = await ask((duet) => duet.retrieve({ userId, k: recommendationCount, placement }));
  const call = callOf('retrieve', answer, retrieveFacts, answer.ok ? answer.value.requestId : undefined);
  if (!answer.ok) {
    return (
      <>
        <ShownCall call={call} />
        <Unavailable what="your recommendations" />
      </>
    );
  }
  const { requestId, experiment, arm, items, currency, known } = answer.value;
  const list = {
    id: requestId,
    placement,
    requestId,
    ...(experiment && { experimentId: experiment.id, ...(arm && { armId: arm.id }) }),
  };
  return (
    <>
      <ShownCall call={call} />
      <p className="-mt-4 mb-6 text-quiet">
        {known
          ? 'Picked for you from what you bought before.'
          : 'We don’t know your taste yet, so here is what our shoppers love.'}
      </p>
      {items.length === 0 ? (
        <p className="card p-8 text-center text-quiet">There is nothing to recommend yet.</p>
      ) : (
        <ItemGrid
          items={items.map(({ arm: own, ...item }) => ({ ...item, currency, ...(own && { armId: own.id }) }))}
          list={list}
        />
      )}
    </>
  );
}
