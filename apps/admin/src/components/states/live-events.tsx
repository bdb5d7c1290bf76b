'use client';

import { useEffect, useState } from 'react';
import { EventsByMinute } from '#components/charts/events-by-minute.tsx';
import { type Column, DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { eventTypes, type LiveEvents, type ShownEvent } from '#event-types.ts';
import { formatCount, formatMoney } from '#format.ts';
import { Badge } from './badge.tsx';
import { Dot } from './dot.tsx';

const everyMs = 2000;

interface LiveEventsProps {
  /** Items are called by its titles. */
  datasetId: string;
  initial: LiveEvents;
  note: string;
}

const columns: Column<ShownEvent>[] = [
  { title: 'At (UTC)', className: 'whitespace-nowrap text-muted', cell: ({ at }) => at.slice(11, 19) },
  {
    title: 'Event',
    cell: ({ type }) => (
      <span className="inline-flex items-center gap-1.5">
        <Dot color={eventTypes.find((known) => known.type === type)?.color} />
        {type}
      </span>
    ),
  },
  { title: 'Shopper', className: 'max-w-40 truncate font-mono text-sm', cell: ({ userId }) => userId },
  { title: 'Item', className: 'max-w-64 truncate', cell: ({ item }) => item || '–' },
  { title: 'Arm', className: 'whitespace-nowrap', cell: ({ arm }) => arm || '–' },
  {
    title: 'Place',
    className: 'whitespace-nowrap text-muted',
    cell: ({ placement, position }) => `${placement || '–'}${position === null ? '' : ` ${position + 1}`}`,
  },
  {
    title: 'Value',
    numeric: true,
    cell: ({ valueMinor, currency }) =>
      valueMinor === null || currency === null ? '–' : formatMoney(valueMinor, currency),
  },
];

/** The last hour's events as they arrive. */
export function LiveEventsPanel({ datasetId, initial, note }: LiveEventsProps) {
  const [events, setEvents] = useState(initial);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      if (document.visibilityState !== 'visible') return;
      try {
        const response = await fetch(`/api/events?dataset=${datasetId}`, { signal: stop.signal });
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
  }, [datasetId]);

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
                <Dot color={color} />
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
      <div className={`border-t border-line ${recent.length === 0 ? 'pt-4' : ''}`}>
        <DataTable
          caption="Newest events"
          rows={recent}
          rowKey={({ eventId }) => eventId}
          empty="No event has arrived yet. Open the storefront, choose a shopper and look at some items."
          columns={columns}
        />
      </div>
    </Section>
  );
}
