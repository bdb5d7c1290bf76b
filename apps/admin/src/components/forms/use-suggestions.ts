import { useEffect, useState } from 'react';

const pauseMs = 150;

/**
 * What an address of this app has for what was typed, a moment after the last letter: a list of JSON.
 *
 * @param query nothing is asked where there is none
 */
export function useSuggestions<T>(address: string, query: Record<string, string> | undefined): T[] {
  const [list, setList] = useState<T[]>([]);
  const asked = query && `${address}?${new URLSearchParams(query)}`;
  useEffect(() => {
    if (asked === undefined) return setList([]);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const response = await fetch(asked, { signal: stop.signal });
        if (response.ok) setList((await response.json()) as T[]);
      } catch {
        // Without suggestions what is meant can still be typed whole.
      }
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [asked]);
  return list;
}
