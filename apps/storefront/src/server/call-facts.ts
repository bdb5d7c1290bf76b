import { randomUUID } from 'node:crypto';
import type { RetrieveAnswer, SimilarItemsAnswer } from '@duet/client';
import type { Call } from '../browser/calls.ts';
import type { Answer } from './retrieval.ts';

/** What the panel behind the scenes tells of an answer: `describe` gives what is peculiar to the procedure. */
export function callOf<T>(
  procedure: Call['procedure'],
  answer: Answer<T>,
  describe: (value: T) => Call['facts'],
  id: string = randomUUID(),
): Call {
  return answer.ok
    ? { id, procedure, roundTripMs: answer.roundTripMs, facts: describe(answer.value) }
    : { id, procedure, roundTripMs: 0, facts: [], failure: answer.message };
}

type Source = Pick<SimilarItemsAnswer, 'source' | 'fallbacks' | 'model' | 'index'>;

export const sourceFacts = ({ source, fallbacks, model, index }: Source): Call['facts'] => [
  ...(source === 'popular' ? [['From', 'the best sellers'] satisfies Call['facts'][number]] : []),
  ...fallbacks.map((why) => ['Because', why] satisfies Call['facts'][number]),
  ...(model === null || index === null
    ? []
    : ([
        ['Model', `${model.name} (${model.kind})`],
        ['Model id', model.id],
        ['Index', `${index.factory} on ${index.engine}`],
      ] satisfies Call['facts'])),
];

export const retrieveFacts = (answer: RetrieveAnswer): Call['facts'] => [
  ['Experiment', answer.experiment?.name ?? 'none is running'],
  ...(answer.arm ? [['Arm', answer.arm.name] satisfies Call['facts'][number]] : []),
  ...(answer.items[0]?.arm ? [['Arms', 'both, each item of one'] satisfies Call['facts'][number]] : []),
  ...sourceFacts(answer),
  ['Request id', answer.requestId],
  ['Shopper', answer.known ? 'known to the model' : 'new: without a history'],
  ['In the service', `${answer.tookMs.toFixed(1)} ms`],
];
