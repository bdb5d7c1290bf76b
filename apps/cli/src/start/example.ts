import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '@duet/config';

const folder = path.join(repositoryRoot(), 'examples/online-retail');

const files = {
  interactions: path.join(folder, 'interactions.csv.gz'),
  items: path.join(folder, 'items.csv.gz'),
  users: path.join(folder, 'users.csv.gz'),
};

const described = {
  name: 'online-retail',
  currency: 'GBP',
  description:
    'Purchases in a UK gift-ware web shop, December 2010 to December 2011. It publishes no categories: these are derived from the titles by keyword rules.',
  attribution: 'UCI Machine Learning Repository, "Online Retail" by Daqing Chen, doi 10.24432/C5BW33, CC BY 4.0.',
};

export const exampleName = described.name;

/** `duet import` of the data that `duet start` runs on. */
export function importArguments(): string[] {
  const options = Object.entries({ ...described, ...files });
  return ['import', '--replace', ...options.flatMap(([option, value]) => [`--${option}`, value])];
}

/** SHA-256 over the example's files and description: another value means another import. */
export function exampleFingerprint(): string {
  const hash = createHash('sha256').update(JSON.stringify(described));
  for (const file of Object.values(files)) hash.update(readFileSync(file));
  return hash.digest('hex');
}
