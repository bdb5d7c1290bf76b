import { callOf, sourceFacts } from '../server/call-facts.ts';
import { ask } from '../server/retrieval.ts';
import { ItemGrid } from './item-grid.tsx';
import { ShownCall } from './shown-call.tsx';
import { Unavailable } from './unavailable.tsx';

/**
 * The nearest neighbours of an item. No experiment decides these, so their events carry a placement but no arm: they
 * must not count for either.
 */
export async function SimilarItems({ itemId, currency }: { itemId: string; currency: string }) {
  const answer = await ask((duet) => duet.similarItems({ itemId, k: 8 }));
  const call = callOf('similarItems', answer, sourceFacts);
  if (!answer.ok) {
    return (
      <>
        <ShownCall call={call} />
        {answer.code === 'not-found' ? (
          <p className="text-quiet">This item is too new for the model to know what it is like.</p>
        ) : (
          <Unavailable what="similar items" />
        )}
      </>
    );
  }
  return (
    <>
      <ShownCall call={call} />
      <ItemGrid
        items={answer.value.items.map((item) => ({ ...item, currency }))}
        list={{ id: call.id, placement: 'similar-items' }}
      />
    </>
  );
}
