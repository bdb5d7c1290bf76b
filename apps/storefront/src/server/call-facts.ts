import { randomUUID } from 'node:crypto';
import type { Call } from '../browser/calls.ts';
import type { Answer } from './retrieval.ts';

/** What the panel behind the scenes tells of an answer: `describe` gives what is peculiar to the procedure. */
export function callOf<T>(
  procedure: Call['procedure'],
  answer: Answer<T>,
  describe: (value: T) => Call['facts'],
): Call {
  const id = randomUUID();
  return answer.ok
    ? { id, procedure, roundTripMs: answer.roundTripMs, facts: describe(answer.value) }
    : { id, procedure, roundTripMs: 0, facts: [], failure: answer.message };
}

/** What the answers of lists say of themselves, each as far as it does. */
interface ListFacts {
  source: string;
  fallbacks: string[];
  requestId?: string;
  model?: { id: string; name: string; kind: string } | null;
  index?: { factory: string; engine: string } | null;
  experiment?: { name: string } | undefined;
  arm?: { name: string } | undefined;
  known?: boolean;
  tookMs?: number;
  items: { itemId: string; arm?: { name: string } | undefined }[];
}

const sources: Readonly<Record<string, string>> = {
  popular: 'the best sellers',
  bought: 'what was bought before',
};

/** How a list came about, for the panel. */
export function factsOf(answer: ListFacts): Call['facts'] {
  const { source, fallbacks, requestId, model, index, experiment, arm, known, tookMs, items } = answer;
  const facts: [string, string | undefined][] = [
    ['From', sources[source] ?? source],
    ...fallbacks.map((why): [string, string] => ['Because', why]),
    ['Experiment', experiment?.name],
    ['Arm', arm?.name],
    ['Arms', items[0]?.arm && 'both, each item of one'],
    ['Model', model ? `${model.name} (${model.kind})` : undefined],
    ['Index', index ? `${index.factory} on ${index.engine}` : undefined],
    ['Request id', requestId],
    ['Shopper', known === undefined ? undefined : known ? 'known to the model' : 'new: without a history'],
    ['In the service', tookMs === undefined ? undefined : `${tookMs.toFixed(1)} ms`],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}
