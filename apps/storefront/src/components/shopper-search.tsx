'use client';

import { useRouter } from 'next/navigation';
import { useEffect, useState, useTransition } from 'react';

const typingPauseMs = 250;

/** Searches as one types; without scripts, Enter does. */
export function ShopperSearch({ initial }: { initial: string }) {
  const router = useRouter();
  const [text, setText] = useState(initial);
  const [searching, start] = useTransition();

  useEffect(() => {
    if (text.trim() === initial) return;
    const timer = setTimeout(() => {
      const query = text.trim();
      start(() => router.replace(query ? `/shoppers?q=${encodeURIComponent(query)}` : '/shoppers', { scroll: false }));
    }, typingPauseMs);
    return () => clearTimeout(timer);
  }, [text, initial, router]);

  return (
    <search className="min-w-60 flex-1">
      <form action="/shoppers">
        <label className="block">
          <span className="mb-1 block text-quiet text-sm">Find a customer by number or country</span>
          <input
            type="search"
            name="q"
            value={text}
            onChange={({ target }) => setText(target.value)}
            aria-busy={searching}
            placeholder="17850, Germany…"
            className="h-11 w-full rounded-full border border-line bg-card px-4"
          />
        </label>
      </form>
    </search>
  );
}
