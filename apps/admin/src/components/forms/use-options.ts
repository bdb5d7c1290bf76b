import { type KeyboardEvent, useState } from 'react';

/**
 * The keys of a list under a field (the combobox pattern of the ARIA authoring practices): the arrows go through its
 * options, round its ends, and Enter takes one.
 *
 * @param count options that are listed; 0 where the list is folded
 * @param take what becomes of the option with a number, counted from 0
 */
export function useOptions(count: number, take: (option: number) => void) {
  const [active, setActive] = useState(0);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && count > 0) {
      event.preventDefault();
      setActive((active + step + count) % count);
    } else if (event.key === 'Enter' && active < count) {
      event.preventDefault();
      take(active);
    }
  };
  return { active, setActive, onKeyDown };
}
