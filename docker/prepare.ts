// Runs once before the services: migrates the database, makes the first account of the admin and the admin's API key
// (kept in the data folder), and, as soon as there is a dataset, the keys of the example shop (kept in the folder that
// is given, which becomes its data folder).
import { createLogger, loadConfig } from '@duet/base';
import { migrate, openDatabase } from '@duet/db';
import { makeFirstAdmin } from '@duet/db/people';
import { ensureAdminKey, ensureShopKeys } from '../apps/cli/src/demo/keys.ts';

const config = loadConfig();
const logger = createLogger(config, 'prepare');
await using db = await openDatabase(config);
logger.info({ applied: await migrate(db) }, 'migrated');
if (await makeFirstAdmin(db, config)) logger.info({ email: config.adminEmail }, 'made the first account');
if (await ensureAdminKey({ db, dataDir: config.dataDir })) logger.info({ made: 'admin-api' }, 'made an API key');
const shop = { db, dataDir: process.argv[2] ?? config.dataDir };
if (await ensureShopKeys(shop, config)) logger.info({ made: 'storefront' }, 'made the keys of the shop');
