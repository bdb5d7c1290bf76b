// Runs once before the services: migrates the database, and makes the API keys of the admin (kept in the data folder)
// and of the storefront (kept in the folder that is given, which becomes its data folder).
import { createLogger, loadConfig, readSecret, writeSecret } from '@duet/base';
import { type ApiScope, createApiKey, migrate, openDatabase, verifyApiKey } from '@duet/db';

const config = loadConfig();
const logger = createLogger(config, 'prepare');
const keys: { name: string; folder: string; scopes: ApiScope[] }[] = [
  { name: 'admin-api', folder: config.dataDir, scopes: ['retrieve', 'events', 'admin'] },
  { name: 'storefront-api', folder: process.argv[2] ?? config.dataDir, scopes: ['retrieve', 'events'] },
];

await using db = await openDatabase(config);
logger.info({ applied: await migrate(db) }, 'migrated');
for (const { name, folder, scopes } of keys) {
  const known = readSecret(folder, name);
  if (known !== undefined && (await verifyApiKey(db, known)) !== undefined) continue;
  writeSecret(folder, name, (await createApiKey(db, { name, scopes })).key);
  logger.info({ made: name }, 'made an API key');
}
