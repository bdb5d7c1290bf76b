'use client';

import { createContext, type MouseEvent, type ReactNode, useContext, useEffect, useId, useRef, useState } from 'react';
import type { Looks } from './drawn.tsx';
import { useDuet, useTracking } from './duet-provider.tsx';
import type { ShownEntry } from './shown.ts';

export interface ShownListProps extends Looks {
  /** What each item's events carry, from `entriesOf`. */
  entries: ShownEntry[];
  /** Unlike for each answer, so that an item is counted once in each. */
  answerId: string;
  /** What assistive technology calls the list; its heading, if it is not said. */
  label?: string | undefined;
  /** Shown above the list. */
  heading?: ReactNode;
  /** One of each entry, in their order. */
  children: ReactNode[];
  /** Stands below the list, such as a button for more. */
  after?: ReactNode;
}

interface ShownItem extends ShownEntry {
  /** Logs what the shopper does with the item, credited to this list: `log('cart', { quantity: 2 })`. */
  log(type: 'cart' | 'click', more?: { quantity?: number }): void;
  /** Logs that the shopper does not want the item, which no list shows them again, and takes it out of this one. */
  dislike(): void;
}

/** What a list is called that the shop gives no name. */
export const defaultLabel = 'Recommended for you';
const defaultUnwanted = 'You will not see it again.';

const ItemContext = createContext<ShownItem | undefined>(undefined);

/** The entry of the list that a component stands in; undefined outside one. */
export const useShownItem = (): ShownItem | undefined => useContext(ItemContext);

/**
 * A list whose items are counted: an impression when one was really seen, a click when its link was followed. It has no
 * style, and is a list to assistive technology whatever its style (`role`, which WebKit drops without bullets).
 */
export function ShownList(props: ShownListProps) {
  const { entries, answerId, label, heading, children, after, unwanted = defaultUnwanted, ...looks } = props;
  const id = useId();
  const isNamedByHeading = label === undefined && heading !== undefined;
  const naming = isNamedByHeading ? { 'aria-labelledby': id } : { 'aria-label': label ?? defaultLabel };
  return (
    <section {...naming} className={looks.className}>
      {heading !== undefined && <div id={id}>{heading}</div>}
      {/* biome-ignore lint/a11y/noRedundantRoles: WebKit takes a list without bullets for none. */}
      <ul role="list" className={looks.listClassName}>
        {entries.map((entry, index) => (
          <Item
            key={`${entry.itemId} ${entry.place}`}
            entry={entry}
            answerId={answerId}
            unwanted={unwanted}
            className={looks.itemClassName}
          >
            {children[index]}
          </Item>
        ))}
      </ul>
      {after}
    </section>
  );
}

interface ItemProps {
  entry: ShownEntry;
  answerId: string;
  unwanted: ReactNode;
  className: string | undefined;
  children: ReactNode;
}

function Item({ entry, answerId, unwanted, className, children }: ItemProps) {
  const { itemId, touch, propensity } = entry;
  const { log } = useDuet();
  const { viewability, logOnce, rememberTouch } = useTracking();
  const element = useRef<HTMLLIElement>(null);
  const [isUnwanted, setUnwanted] = useState(false);
  const key = `${touch.requestId ?? answerId} ${touch.placement} ${itemId}`;
  const seen = () =>
    logOnce(key, { ...touch, ...(propensity !== undefined && { propensity }), type: 'impression', itemId });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the answer and the item, and so for all that `seen` logs.
  useEffect(() => {
    if (element.current && viewability) return viewability.watch(element.current, seen);
  }, [key, viewability]);

  const act: ShownItem['log'] = (type, more) => {
    seen(); // whoever acts on an item has seen it, however quickly: no click without an impression
    rememberTouch(itemId, touch);
    log({ ...touch, ...more, type, itemId });
  };
  const dislike = () => {
    seen();
    log({ ...touch, type: 'dislike', itemId });
    setUnwanted(true);
  };
  /** Of the link, by whatever button or key: what else is in the item logs for itself. */
  const followed = ({ target, button }: MouseEvent) => {
    if (button < 2 && (target as Element).closest('a') !== null) act('click');
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: it listens to its link, which keys follow too.
    <li ref={element} className={className} onClick={followed} onAuxClick={followed}>
      {isUnwanted ? (
        // It takes the focus over from the button, which is gone, and is read out.
        <p role="status" tabIndex={-1} ref={(paragraph) => paragraph?.focus()}>
          {unwanted}
        </p>
      ) : (
        <ItemContext value={{ ...entry, log: act, dislike }}>{children}</ItemContext>
      )}
    </li>
  );
}
