import path from 'node:path';
import { type Config, repositoryRoot, urlOf } from '@duet/base';
import type { RequestedPort } from './ports.ts';
import type { ServiceSpec } from './services.ts';
import { appFolder } from './web-builds.ts';

export type AppName = 'retrieval' | 'worker' | 'admin' | 'storefront';

export const addressOf = (config: Config, app: Exclude<AppName, 'worker'>): string =>
  urlOf(config.host, config[`${app}Port`]);

/** The ports that these apps listen on. */
export function portsOf(config: Config, apps: readonly AppName[]): RequestedPort[] {
  const all: (RequestedPort & { app: AppName })[] = [
    { app: 'admin', port: config.adminPort, owner: 'the admin app', option: '--admin-port' },
    { app: 'storefront', port: config.storefrontPort, owner: 'the storefront', option: '--storefront-port' },
    { app: 'retrieval', port: config.retrievalPort, owner: 'the retrieval service', option: '--retrieval-port' },
  ];
  return all.filter(({ app }) => apps.includes(app));
}

/** The environment of everything that a start runs: its settings, whatever options they came from. */
export function environmentOf(config: Config, databaseUrl: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DUET_ROOT: repositoryRoot(),
    DUET_DATA_DIR: config.dataDir,
    DATABASE_URL: databaseUrl,
    DUET_HOST: config.host,
    DUET_ADMIN_PORT: String(config.adminPort),
    DUET_STOREFRONT_PORT: String(config.storefrontPort),
    DUET_RETRIEVAL_PORT: String(config.retrievalPort),
    DUET_RETRIEVAL_URL: addressOf(config, 'retrieval'),
    DUET_LOG_LEVEL: config.logLevel,
    NEXT_TELEMETRY_DISABLED: '1',
    // A service's code is compiled once: starting it again takes half the time.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(repositoryRoot(), 'node_modules/.cache/node'),
  };
}

/**
 * How each app is started, in order. `served`: some model has an index, so the retrieval service must come up ready.
 */
export function servicesOf(
  config: Config,
  apps: readonly AppName[],
  env: NodeJS.ProcessEnv,
  { served }: { served: boolean },
): ServiceSpec[] {
  const web = (app: 'admin' | 'storefront', program: string): ServiceSpec => ({
    name: app,
    cwd: appFolder(app),
    args: [program],
    env: { ...env, NODE_ENV: 'production' },
    healthUrl: `${addressOf(config, app)}/api/health`,
  });
  const nodeService = (app: 'retrieval' | 'worker'): ServiceSpec => ({
    name: app,
    cwd: repositoryRoot(),
    args: [path.join(appFolder(app), 'src/main.ts')],
    env,
  });
  const all: Record<AppName, ServiceSpec> = {
    // Where nothing has been trained yet there is nothing to be ready for.
    retrieval: {
      ...nodeService('retrieval'),
      healthUrl: `${addressOf(config, 'retrieval')}/${served ? 'ready' : 'health'}`,
    },
    worker: nodeService('worker'),
    admin: web('admin', path.join(appFolder('admin'), 'server.ts')),
    storefront: web('storefront', path.join(import.meta.dirname, 'storefront.ts')),
  };
  return (Object.keys(all) as AppName[]).filter((app) => apps.includes(app)).map((app) => all[app]);
}
