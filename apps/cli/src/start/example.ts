import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';

/** The data that `duet start` runs on: what `duet import --request` is given. */
export const exampleRequest = path.join(repositoryRoot(), 'examples/online-retail/import.json');

/** The example's name, and a SHA-256 over its request and its files: another value means another import. */
export async function describeExample(): Promise<{ name: string; fingerprint: string }> {
  const { readImportRequest } = await import('@duet/datasets');
  const { name, interactions, items, users } = await readImportRequest(exampleRequest);
  const hash = createHash('sha256');
  for (const file of [exampleRequest, interactions, items, users]) {
    if (file !== undefined) hash.update(readFileSync(file));
  }
  return { name, fingerprint: hash.digest('hex') };
}
