'use client';

import { useEffect, useState } from 'react';
import { eventTypes, type LiveEvents } from '#event-types.ts';
import { formatCount, formatMoney } from '#format.ts';
import { Badge } from './badge.tsx';
import { EventsByMinute } from './charts/events-by-minute.tsx';
import { Section } from './section.tsx';

const everyMs = 2000;

interface LiveEventsProps {
  initial: LiveEvents;
  note: string;
}

/** The last hour's events as they arrive. */
export function LiveEventsPanel({ initial, note }: LiveEventsProps) {
  const [events, setEvents] = useState(initial);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      if (document.visibilityState !== 'visible') return;
      try {
        const response = await fetch('/api/events', { signal: stop.signal });
        if (response.status === 401) window.location.reload();
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        setEvents((await response.json()) as LiveEvents);
        setLost(false);
      } catch {
        if (!stop.signal.aborted) setLost(true);
      }
    };
    const timer = setInterval(look, everyMs);
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, []);

  const { minutes, recent } = events;
  const total = (type: (typeof eventTypes)[number]['type']) => minutes.reduce((sum, minute) => sum + minute[type], 0);
  return (
    <Section
      title="Events of the last hour"
      note={note}
      actions={lost ? <Badge tone="bad">connection lost</Badge> : <Badge tone="good">live</Badge>}
      flush
    >
      <div className="px-5 pb-4">
        <dl className="mb-4 flex flex-wrap gap-x-8 gap-y-2">
          {eventTypes.map(({ type, title, color }) => (
            <div key={type}>
              <dt className="flex items-center gap-1.5 text-sm text-muted">
                <span aria-hidden="true" className="size-2 rounded-full" style={{ background: color }} />
                {title}
              </dt>
              <dd className="font-semibold">{formatCount(total(type))}</dd>
            </div>
          ))}
        </dl>
        {minutes.some((minute) => eventTypes.some(({ type }) => minute[type] > 0)) && (
          <EventsByMinute minutes={minutes} />
        )}
      </div>
      {recent.length === 0 ? (
        <p className="border-t border-line px-5 py-4 text-muted">
          No event has arrived yet. Open the storefront, choose a shopper and look at some items.
        </p>
      ) : (
        <div className="relative overflow-x-auto border-t border-line">
          <table className="data">
            <caption className="sr-only">Newest events</caption>
            <thead>
              <tr>
                <th scope="col">At (UTC)</th>
                <th scope="col">Event</th>
                <th scope="col">Shopper</th>
                <th scope="col">Item</th>
                <th scope="col">Arm</th>
                <th scope="col">Place</th>
                <th scope="col" className="num">
                  Value
                </th>
              </tr>
            </thead>
            <tbody>
              {recent.map((event) => (
                <tr key={event.eventId}>
                  <td className="whitespace-nowrap text-muted">{event.at.slice(11, 19)}</td>
                  <td>
                    <span className="inline-flex items-center gap-1.5">
                      <span
                        aria-hidden="true"
                        className="size-2 rounded-full"
                        style={{ background: eventTypes.find(({ type }) => type === event.type)?.color }}
                      />
                      {event.type}
                    </span>
                  </td>
                  <td className="font-mono text-sm">{event.userId}</td>
                  <td className="max-w-64 truncate">{event.item || '–'}</td>
                  <td className="whitespace-nowrap">{event.arm || '–'}</td>
                  <td className="whitespace-nowrap text-muted">
                    {event.placement || '–'}
                    {event.position !== null && ` ${event.position + 1}`}
                  </td>
                  <td className="num">
                    {event.valueMinor === null || event.currency === null
                      ? '–'
                      : formatMoney(event.valueMinor, event.currency)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}
