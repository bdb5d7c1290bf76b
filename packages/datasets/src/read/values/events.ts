/** What happened, in the order of how much it says of a taste. */
export type EventKind = 'purchase' | 'cart' | 'favourite' | 'view';

/** Weights that the field gives to kinds of events: a purchase says what ten views say. */
export const usualWeights: Record<EventKind, number> = { purchase: 1, cart: 0.3, favourite: 0.3, view: 0.1 };

/** Names of events, letters only, lower case. */
const names: Record<EventKind, readonly string[]> = {
  purchase: [
    ...['purchase', 'purchased', 'buy', 'bought', 'order', 'ordered', 'transaction', 'sale', 'checkout', 'conversion'],
    ...[
      'ordercompleted',
      'orderplaced',
      'ordercreated',
      'productpurchased',
      'checkoutcompleted',
      'completedorder',
      'paid',
    ],
    ...['ecommercepurchase', 'placeorder', 'payment', 'itempurchased'],
  ],
  cart: [
    ...[
      'cart',
      'addtocart',
      'addedtocart',
      'productadded',
      'addtobasket',
      'basket',
      'addcart',
      'cartadd',
      'tocart',
      'atc',
    ],
    ...['begincheckout', 'checkoutstarted', 'beginnercheckout', 'productaddedtocart', 'ecommerceaddtocart'],
  ],
  favourite: [
    ...[
      'favorite',
      'favourite',
      'fav',
      'wishlist',
      'addtowishlist',
      'productaddedtowishlist',
      'like',
      'liked',
      'save',
      'star',
    ],
  ],
  view: [
    ...[
      'view',
      'viewed',
      'pageview',
      'pv',
      'viewitem',
      'itemview',
      'productview',
      'productviewed',
      'viewproduct',
      'click',
    ],
    ...[
      'clicked',
      'clk',
      'productclicked',
      'selectitem',
      'detail',
      'detailview',
      'productdetailview',
      'viewcontent',
      'read',
    ],
    ...['productdetail', 'open', 'ecommerceview', 'visit', 'play', 'listen', 'watch'],
  ],
};

const kindByName = new Map(
  (Object.entries(names) as [EventKind, readonly string[]][]).flatMap(([kind, list]) =>
    list.map((name) => [name, kind]),
  ),
);

/** The kind of an event by its name; undefined for one that says nothing of a taste, or that nobody knows. */
export const eventKind = (event: string): EventKind | undefined =>
  kindByName.get(event.toLowerCase().replace(/[^a-z]/g, ''));

/** The usual weights of a file's events; undefined where none of them is known. */
export function weightsOf(events: readonly string[]): Record<string, number> | undefined {
  const known = events.flatMap((event) => {
    const kind = eventKind(event);
    return kind ? [[event, usualWeights[kind]] as const] : [];
  });
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}
