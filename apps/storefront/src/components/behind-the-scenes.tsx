'use client';

import { useSyncExternalStore } from 'react';
import { type Call, shownCalls } from '../browser/calls.ts';
import { type TrackedEvent, trackedEvents } from '../browser/events.ts';
import { stored } from '../browser/stored.ts';

const openness = stored<boolean>('local', 'duet-behind-the-scenes', false);
const noEvents: TrackedEvent[] = [];

const looks = {
  waiting: { sign: '…', colour: 'text-quiet' },
  acknowledged: { sign: '✓', colour: 'text-good' },
  refused: { sign: '✕', colour: 'text-bad' },
} as const;

function CallFacts({ call }: { call: Call }) {
  const facts: Call['facts'] = [...call.facts, ['Round trip', `${call.roundTripMs.toFixed(0)} ms`]];
  return (
    <section className="rounded-xl border border-line p-3">
      <h3 className="mb-2 font-mono font-semibold">{call.procedure}</h3>
      {call.failure !== undefined ? (
        <p className="break-words text-bad">{call.failure}</p>
      ) : (
        <dl className="grid grid-cols-[6.5rem_1fr] gap-x-2 gap-y-1">
          {facts.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-quiet">{name}</dt>
              <dd className="break-all font-mono">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Events({ entries }: { entries: TrackedEvent[] }) {
  const count = (state: TrackedEvent['state']) => entries.filter((entry) => entry.state === state).length;
  return (
    <section className="rounded-xl border border-line p-3">
      <h3 className="mb-2 font-semibold">Events of this tab</h3>
      <p className="mb-2" data-testid="event-counts">
        <span className="text-good">{count('acknowledged')} acknowledged</span> · {count('waiting')} waiting ·{' '}
        <span className={count('refused') > 0 ? 'text-bad' : ''}>{count('refused')} refused</span>
      </p>
      <ul className="flex flex-col gap-1">
        {entries.slice(0, 12).map(({ event, state, reason }) => (
          <li key={event.eventId} title={event.eventId} className="flex flex-wrap gap-x-2">
            <span className={looks[state].colour}>
              {looks[state].sign}
              <span className="sr-only"> {state}</span>
            </span>
            <span className="font-semibold">{event.type}</span>
            <span className="font-mono">{event.itemId}</span>
            {event.placement && (
              <span className="text-quiet">
                {event.placement}
                {event.position !== undefined && ` ${event.position + 1}`}
              </span>
            )}
            {reason && <span className="w-full text-bad">{reason}</span>}
          </li>
        ))}
        {entries.length === 0 && (
          <li className="text-quiet">None yet: an item counts as seen after a second with half of its card in view.</li>
        )}
      </ul>
    </section>
  );
}

/** For developers: who answered this page, how fast, and what became of the events it logged. */
export function BehindTheScenes() {
  const open = useSyncExternalStore(openness.subscribe, openness.read, () => false);
  const calls = useSyncExternalStore(shownCalls.subscribe, shownCalls.read, shownCalls.readOnServer);
  const entries = useSyncExternalStore(trackedEvents.subscribe, trackedEvents.read, () => noEvents);
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        aria-controls="behind-the-scenes"
        onClick={() => openness.write(!open)}
        className="fixed right-4 bottom-4 z-50 rounded-full border border-line bg-ink px-3 py-2.5 font-medium text-paper text-xs shadow-lg sm:px-4 sm:text-sm"
      >
        {open ? 'Close' : 'Behind the scenes'}
      </button>
      <aside
        id="behind-the-scenes"
        aria-label="Behind the scenes"
        hidden={!open}
        className="fixed inset-x-0 bottom-0 z-40 max-h-[60dvh] overflow-y-auto rounded-t-2xl border border-line bg-card p-4 pb-20 text-xs shadow-2xl sm:inset-x-auto sm:right-4 sm:bottom-4 sm:max-h-[80dvh] sm:w-96 sm:rounded-2xl"
      >
        <h2 className="mb-3 font-semibold text-base">Behind the scenes</h2>
        <div className="flex flex-col gap-3">
          {calls.map((call) => (
            <CallFacts key={call.id} call={call} />
          ))}
          <Events entries={entries} />
        </div>
      </aside>
    </>
  );
}
