import { type Config, readSecret, urlOf, writeSecret } from '@duet/base';
import {
  type ApiScope,
  createApiKey,
  type Database,
  type NewApiKey,
  revokeApiKey,
  signingSecret,
  type VerifiedApiKey,
  verifyApiKey,
} from '@duet/db';
import { makeFirstAdmin } from '@duet/db/people';
import { exampleName } from './example.ts';
import { shopSecrets } from './shop-secrets.ts';

interface Place {
  db: Database;
  /** The folder in whose `keys` the secrets are kept. */
  dataDir: string;
}

const author = { actor: 'duet start' };

/**
 * The key in a file of the data folder, where it still does what is wanted, or a new one in its place.
 *
 * @param isGood whether the key that is there will do
 * @returns whether one was made
 */
async function ensureKey(
  { db, dataDir }: Place,
  spec: NewApiKey,
  isGood: (known: VerifiedApiKey) => boolean,
): Promise<boolean> {
  const known = readSecret(dataDir, spec.name);
  const verified = known === undefined ? undefined : await verifyApiKey(db, known);
  if (verified !== undefined && isGood(verified)) return false;
  writeSecret(dataDir, spec.name, (await createApiKey(db, spec, author)).key);
  if (verified !== undefined) await revokeApiKey(db, verified.id, author);
  return true;
}

/** Where browsers find the example shop on this machine: the origins that its pages' key is for. */
function shopOrigins({ host, storefrontPort }: Pick<Config, 'host' | 'storefrontPort'>): string[] {
  return [
    ...new Set([urlOf(host, storefrontPort), urlOf('127.0.0.1', storefrontPort), `http://localhost:${storefrontPort}`]),
  ];
}

/**
 * What the example shop needs: a secret key for its server, a publishable one for its pages, and the secret that signs
 * who a page's visitor is. All are of one dataset: the shop's own choice, else the example's, else the newest. Without a
 * dataset there is none yet.
 *
 * @returns whether one was made
 */
export async function ensureShopKeys(place: Place, config: Pick<Config, 'host' | 'storefrontPort'>): Promise<boolean> {
  const { db, dataDir } = place;
  const datasets = await db.prisma.dataset.findMany({ where: { status: 'done' }, orderBy: { createdAt: 'desc' } });
  const sold = datasets.find(({ name }) => name === exampleName) ?? datasets[0];
  if (sold === undefined) return false;
  const { api, pages, signing } = shopSecrets;
  const scopes: ApiScope[] = ['retrieve', 'customers', 'events', 'orders'];
  const ofServer = { name: api, scopes, datasetId: sold.id };
  const madeApi = await ensureKey(
    place,
    ofServer,
    (known) => known.datasetId !== null && scopes.every((scope) => known.scopes.includes(scope)),
  );
  const { datasetId } = (await verifyApiKey(db, readSecret(dataDir, api)!))!;
  const origins = shopOrigins(config);
  const ofPages: NewApiKey = { name: pages, kind: 'publishable', scopes: ['retrieve', 'events'], datasetId, origins };
  const madePages = await ensureKey(
    place,
    ofPages,
    (known) => known.datasetId === datasetId && origins.every((origin) => known.origins.includes(origin)),
  );
  const secret = await signingSecret(db, datasetId!);
  if (readSecret(dataDir, signing) === secret) return madeApi || madePages;
  writeSecret(dataDir, signing, secret);
  return true;
}

/** The admin's API key, which is for every dataset. @returns whether it was made */
export const ensureAdminKey = (place: Place): Promise<boolean> =>
  ensureKey(place, { name: 'admin-api', scopes: ['admin'], datasetId: null }, ({ datasetId }) => datasetId === null);

/**
 * The API keys of the two apps and the first account's password, each in a file that its owner alone reads.
 *
 * @returns whether one was made
 */
export async function ensureSecrets(place: Place, config: Config): Promise<boolean> {
  const made = [
    await ensureAdminKey(place),
    await ensureShopKeys(place, config),
    await makeFirstAdmin(place.db, config),
  ];
  return made.includes(true);
}
