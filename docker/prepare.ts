// Runs once before the services: migrates the database, makes the first account of the admin, and the API keys of the
// admin (kept in the data folder) and of the storefront (kept in the folder that is given, which becomes its data
// folder).
import { createLogger, loadConfig, readSecret, writeSecret } from '@duet/base';
import { type ApiScope, createApiKey, migrate, openDatabase, verifyApiKey } from '@duet/db';
import { makeFirstAdmin } from '@duet/db/people';

const config = loadConfig();
const logger = createLogger(config, 'prepare');
const keys: { name: string; folder: string; scopes: ApiScope[] }[] = [
  { name: 'admin-api', folder: config.dataDir, scopes: ['retrieve', 'events', 'admin'] },
  { name: 'storefront-api', folder: process.argv[2] ?? config.dataDir, scopes: ['retrieve', 'events'] },
];

await using db = await openDatabase(config);
logger.info({ applied: await migrate(db) }, 'migrated');
if (await makeFirstAdmin(db, config)) logger.info({ email: config.adminEmail }, 'made the first account');
for (const { name, folder, scopes } of keys) {
  const known = readSecret(folder, name);
  if (known !== undefined && (await verifyApiKey(db, known)) !== undefined) continue;
  writeSecret(folder, name, (await createApiKey(db, { name, scopes })).key);
  logger.info({ made: name }, 'made an API key');
}
