import type { Permission } from '@duet/db/people';

/** Somewhere to go, as ⌘K offers it. */
export interface Destination {
  /** The heading it stands under: 'Products'. */
  group: string;
  title: string;
  /** What tells it from others of its title. */
  detail?: string;
  href: string;
}

/** Pages of a dataset, in the order of the loop: what is there, what is learnt of it, what is served, what it earns. */
export const datasetPages = [
  { path: '', title: 'Overview' },
  { path: '/data', title: 'Data' },
  { path: '/pipeline', title: 'Pipeline' },
  { path: '/health', title: 'Health' },
  { path: '/models', title: 'Models' },
  { path: '/indexes', title: 'Indexes' },
  { path: '/playground', title: 'Playground' },
  { path: '/rules', title: 'Rules' },
  { path: '/lists', title: 'Lists in bulk' },
  { path: '/experiments', title: 'Experiments' },
];

/** Pages within these. */
export const innerPages: { path: string; title: string; need: Permission }[] = [
  { path: '/data/catalogue', title: 'Catalogue', need: 'see' },
  { path: '/data/interactions', title: 'Interactions', need: 'see' },
  { path: '/data/import', title: 'Import and rejected rows', need: 'see' },
  { path: '/data/settings', title: 'Settings', need: 'see' },
  { path: '/data/privacy', title: 'Privacy', need: 'administer' },
  { path: '/models/train', title: 'Train a model', need: 'analyse' },
  { path: '/playground/compare', title: 'Two models side by side', need: 'see' },
  { path: '/playground/request', title: 'One request', need: 'see' },
  { path: '/experiments/new', title: 'New experiment', need: 'analyse' },
];

/** Pages of the whole installation. */
export const installationPages: { href: string; title: string; need: Permission }[] = [
  { href: '/datasets', title: 'All datasets', need: 'see' },
  { href: '/keys', title: 'API keys', need: 'administer' },
  { href: '/people', title: 'People', need: 'administer' },
  { href: '/sessions', title: 'Sessions', need: 'administer' },
  { href: '/changes', title: 'Changes', need: 'administer' },
];
