/**
 * Runs the built example shop behind Duet's own HTTP server, which bounds what strangers can hold, with the keys that
 * `duet start` made. The shop itself knows nothing of this repository: it reads its environment, and elsewhere
 * `npm start` runs it.
 */
import { loadConfig, readSecret, runNextApp } from '@duet/base';
import { shopSecrets } from '../demo/shop-secrets.ts';
import { appFolder } from './web-builds.ts';

const config = loadConfig();
const { dataDir, retrievalUrl } = config;
process.env.DUET_RETRIEVAL_URL ||= retrievalUrl;
process.env.DUET_API_KEY ||= readSecret(dataDir, shopSecrets.api) ?? '';
process.env.DUET_PUBLISHABLE_KEY ||= readSecret(dataDir, shopSecrets.pages) ?? '';
process.env.DUET_SIGNING_SECRET ||= readSecret(dataDir, shopSecrets.signing) ?? '';
await runNextApp(config, config.storefrontPort, appFolder('storefront'));
