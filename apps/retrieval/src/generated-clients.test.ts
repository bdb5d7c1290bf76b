import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { appRouter, openApiOf } from '@duet/api';
import { createLogger, loadConfig, repositoryRoot } from '@duet/base';
import { createApiKey, signingSecret } from '@duet/db';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { buildModelIndex, openServing, type Serving } from '@duet/serving';
import { createClient } from '@hey-api/openapi-ts';
import { build } from 'esbuild';
import openapiTS, { astToString } from 'openapi-typescript';
import { generate } from 'orval';
import { createServer, type RetrievalServer } from './server.ts';

const run = promisify(execFile);

/** What every operation is called with: a new one needs a line here. */
const inputs: Record<string, Record<string, unknown>> = {
  retrieve: { userId: 'u1', k: 2 },
  search: { query: 'mug' },
  similarItems: { itemId: 'i1', k: 2 },
  popular: {},
  trending: { userId: 'u1' },
  newArrivals: {},
  recentlyViewed: { userId: 'u1' },
  boughtTogether: { itemIds: ['i1'] },
  similarUsers: { userId: 'u1' },
  'catalogue.shoppers': { limit: 2 },
  'catalogue.item': { itemId: 'i1' },
  history: { userId: 'u1' },
  'visitors.create': {},
  'events.log': { events: [{ type: 'click', userId: 'u1', itemId: 'i1' }] },
  'items.put': { itemId: 'i1', title: 'mug number 1', priceMinor: 350 },
  'items.patch': { itemId: 'i1', priceMinor: 250 },
  'items.delete': { itemId: 'none-of-ours' },
  'items.write': { items: [{ op: 'patch', itemId: 'i1', priceMinor: 350 }] },
  'users.write': { users: [{ userId: 'u1', attributes: { country: 'Malta' } }] },
  'users.identify': { anonymousId: 'visitor-1', userId: 'u1' },
  'users.export': { userId: 'u1' },
  'users.forget': { userId: 'nobody' },
  'users.erasure': { erasureId: '01a20f47-6a7c-710a-8ce2-9bb0d584dad6' },
  'settings.get': {},
  'settings.patch': { demoteAfter: 3 },
  'interactions.write': { interactions: [{ userId: 'u1', itemId: 'i1', time: '2020-01-31T12:00:00Z' }] },
  health: {},
};

interface Described {
  name: string;
  method: string;
  path: string;
  parameters: { name: string; in: string }[];
  hasBody: boolean;
}

/** The document's operations. One that is there twice is `<name>.byBody` the second time. */
const operationsIn = (document: ReturnType<typeof openApiOf>): Described[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: name, parameters = [], requestBody }]) => ({
      ...{ name, path, parameters, method: method.toUpperCase(), hasBody: requestBody !== undefined },
    })),
  );

/** An operation's input by where REST has it, as TypeScript. */
function placed({ name, parameters, hasBody }: Described) {
  const entries = Object.entries(inputs[name.replace('.byBody', '')]!);
  const isInPath = ([field]: [string, unknown]) => parameters.some((one) => one.in === 'path' && one.name === field);
  const inPath = entries.filter(isInPath);
  const others = entries.filter((entry) => !isInPath(entry));
  const text = (of: [string, unknown][]) => JSON.stringify(Object.fromEntries(of));
  return {
    path: inPath.length > 0 ? text(inPath) : undefined,
    pathValues: inPath.map(([, value]) => JSON.stringify(value)),
    query: !hasBody && others.length > 0 ? text(others) : undefined,
    body: hasBody ? text(others) : undefined,
  };
}

const sentenceOf = (parts: Record<string, string | undefined>): string =>
  Object.entries(parts)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
    .join(', ');

/** `events.log` → `eventsLog`, as the generators name it. */
const camel = (name: string): string => name.replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());

describe('what generators make of the OpenAPI document', () => {
  let shop: TinyShop;
  let serving: Serving;
  let service: RetrievalServer;
  let url: string;
  let apiKey: string;
  let folder: string;
  const operations = operationsIn(openApiOf(appRouter, '1.0.0'));
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'duet-generated-'));
    await symlink(path.join(repositoryRoot(), 'node_modules'), path.join(folder, 'node_modules'));
    shop = await createTinyShop();
    await buildModelIndex(shop, { modelId: shop.dat });
    const logger = createLogger({ logLevel: 'silent' }, 'test');
    serving = await openServing({ ...shop, logger });
    const config = { ...loadConfig({}), retrievalPort: 0, drainMs: 0 };
    service = await createServer({ config, logger, db: shop.db, serving });
    url = await service.listen();
    const { db, datasetId } = shop;
    await signingSecret(db, datasetId);
    const { erasureId } = inputs['users.erasure'] as { erasureId: string };
    await db.prisma.erasure.create({ data: { id: erasureId, datasetId, fingerprint: '00', status: 'done' } });
    const scopes = ['retrieve', 'customers', 'events', 'write', 'privacy'] as const;
    apiKey = (await createApiKey(db, { name: 'generated', datasetId, scopes: [...scopes] })).key;
    await writeFile(path.join(folder, 'openapi.json'), JSON.stringify(openApiOf(appRouter, '1.0.0', url)));
  });
  after(async () => {
    await service.drain();
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  /** Compiles a program strictly, runs it, and returns what it prints: the status of each operation. */
  const statuses = async (name: string, program: string): Promise<Record<string, number>> => {
    const at = path.join(folder, name);
    await mkdir(at, { recursive: true });
    await writeFile(path.join(at, 'main.ts'), program);
    const compilerOptions = {
      ...{ strict: true, noEmit: true, types: ['node'], skipLibCheck: true, target: 'es2022' },
      ...{ module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom', 'dom.iterable'] },
    };
    await writeFile(path.join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
    const tsc = path.join(repositoryRoot(), 'node_modules/typescript-native/bin/tsc');
    const { stdout: complaints } = await run(process.execPath, [tsc, '-p', at]).catch((error) => error);
    assert.equal(complaints, '');
    const outfile = path.join(at, 'main.mjs');
    await build({ entryPoints: [path.join(at, 'main.ts')], bundle: true, platform: 'node', format: 'esm', outfile });
    const { stdout } = await run(process.execPath, [outfile, url, apiKey]);
    return JSON.parse(stdout);
  };
  const head = `const [url, key] = process.argv.slice(2) as [string, string];
    const authorization = 'Bearer ' + key; const found: Record<string, number | undefined> = {};`;
  const tail = 'console.log(JSON.stringify(found));';
  const all = Object.fromEntries(operations.map(({ name }) => [name, name === 'items.delete' ? 404 : 200]));

  test('has a line for every operation', () => {
    const names = operations.map(({ name }) => name).filter((name) => !name.endsWith('.byBody'));
    assert.deepEqual(Object.keys(inputs).sort(), names.sort());
  });

  test('openapi-typescript’s types compile and call everything, with openapi-fetch', async () => {
    await mkdir(path.join(folder, 'openapi-fetch'));
    const types = await openapiTS(new URL(`file://${folder}/openapi.json`));
    await writeFile(path.join(folder, 'openapi-fetch/schema.ts'), astToString(types));
    const calls = operations.map((operation) => {
      const { path: inPath, query, body } = placed(operation);
      const params = sentenceOf({ path: inPath, query });
      const options = sentenceOf({ params: params === '' ? undefined : `{ ${params} }`, body });
      const { method, path } = operation;
      return `found['${operation.name}'] = (await client.${method}('${path}', { ${options} })).response.status;`;
    });
    const program = `import createClient from 'openapi-fetch'; import type { paths } from './schema';
      ${head} const client = createClient<paths>({ baseUrl: url, headers: { authorization } });
      ${calls.join('\n')} ${tail}`;
    assert.deepEqual(await statuses('openapi-fetch', program), all);
  });

  test('@hey-api/openapi-ts’s client compiles and calls everything', async () => {
    await createClient({
      input: path.join(folder, 'openapi.json'),
      output: { path: path.join(folder, 'hey-api/client'), postProcess: [] },
      logs: { level: 'silent' },
    });
    const calls = operations.map((operation) => {
      const { path: inPath, query, body } = placed(operation);
      const options = sentenceOf({ path: inPath, query, body });
      // It spares the names of the browser's own globals.
      const name = operation.name === 'history' ? 'history_' : camel(operation.name);
      return `found['${operation.name}'] = (await sdk.${name}({ ${options} })).response?.status;`;
    });
    const program = `import * as sdk from './client'; import { client } from './client/client.gen';
      ${head} client.setConfig({ baseUrl: url, headers: { authorization } });
      ${calls.join('\n')} ${tail}`;
    assert.deepEqual(await statuses('hey-api', program), all);
  });

  test('orval’s functions compile and call everything', async () => {
    await generate({
      input: { target: path.join(folder, 'openapi.json') },
      output: { target: path.join(folder, 'orval/client.ts'), client: 'fetch', baseUrl: url, mode: 'single' },
    });
    const calls = operations.map((operation) => {
      const { pathValues, query, body } = placed(operation);
      const args = [...pathValues, ...(body === undefined ? [] : [body]), ...(query === undefined ? [] : [query])];
      const takesQuery = operation.parameters.some((one) => one.in === 'query');
      if (query === undefined && takesQuery) args.push('{}');
      args.push('{ headers: { authorization } }');
      return `found['${operation.name}'] = (await api.${camel(operation.name)}(${args.join(', ')})).status;`;
    });
    const program = `import * as api from './client'; ${head} ${calls.join('\n')} void url; ${tail}`;
    assert.deepEqual(await statuses('orval', program), all);
  });
});
