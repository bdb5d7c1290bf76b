/** Somewhere to go, as ⌘K offers it. */
export interface Destination {
  /** The heading it stands under: 'Products'. */
  group: string;
  title: string;
  /** What tells it from others of its title. */
  detail?: string;
  href: string;
}
