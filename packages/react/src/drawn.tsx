import type { ReactNode } from 'react';
import type { ItemOf, ListName } from './lists.ts';

/** How a list looks: the classes of its parts. */
export interface Looks {
  className?: string | undefined;
  listClassName?: string | undefined;
  itemClassName?: string | undefined;
  /** Stands in the place of an item that the shopper says they do not want. */
  unwanted?: ReactNode;
}

/** How a list is drawn, whoever asks for it. */
export interface Drawing<L extends ListName> extends Looks {
  /** What assistive technology calls the list, in the shop's language; its heading, if it is not said. */
  label?: string | undefined;
  /** Shown above the list. */
  heading?: ReactNode;
  /** An item and its place, from 1. Its title, as a link where `href` says whereto, if it is not said. */
  children?: ((item: ItemOf<L>, place: number) => ReactNode) | undefined;
  href?: ((item: ItemOf<L>) => string) | undefined;
  /** Where the list has no items; nothing if it is not said. */
  empty?: ReactNode;
}

/** An item, as it is drawn. */
export function drawn<L extends ListName>(
  item: ItemOf<L>,
  place: number,
  { children, href }: Pick<Drawing<L>, 'children' | 'href'>,
): ReactNode {
  if (children !== undefined) return children(item, place);
  const { title, itemId } = item;
  return href === undefined ? title || itemId : <a href={href(item)}>{title || itemId}</a>;
}
