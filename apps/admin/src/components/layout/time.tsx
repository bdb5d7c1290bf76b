'use client';

import { useSyncExternalStore } from 'react';
import { formatAgo, formatDay, formatTime } from '#format.ts';

const never = () => () => undefined;

/** The reader's time zone; the server does not know it and says UTC until the page has come to life. */
export const useZone = (): string =>
  useSyncExternalStore(
    never,
    () => Intl.DateTimeFormat().resolvedOptions().timeZone,
    () => 'UTC',
  );

interface TimeProps {
  at: Date | string;
  /** `ago` says how long ago it was, as seen at `now`. */
  as?: 'time' | 'day' | 'ago';
  now?: Date;
}

/** A moment in the reader's own time, with its zone; UTC where one points at it. */
export function Time({ at, as = 'time', now }: TimeProps) {
  const zone = useZone();
  const date = new Date(at);
  const text =
    as === 'ago' ? formatAgo(date, now ?? date) : as === 'day' ? formatDay(date, zone) : formatTime(date, zone);
  const title = [
    ...(as === 'ago' ? [formatTime(date, zone)] : []),
    `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
  ];
  return (
    <time dateTime={date.toISOString()} title={title.join(', ')}>
      {text}
    </time>
  );
}
