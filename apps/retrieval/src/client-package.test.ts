import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createLogger, loadConfig, repositoryRoot } from '@duet/base';
import { packClient } from '@duet/client/pack';
import { createApiKey, signingSecret } from '@duet/db';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { buildModelIndex, openServing, type Serving } from '@duet/serving';
import { EdgeVM } from '@edge-runtime/vm';
import { chromium, devices } from '@playwright/test';
import { build } from 'esbuild';
import { createServer, type RetrievalServer } from './server.ts';

const run = promisify(execFile);
/** Debian's own Chromium; elsewhere the one that `npx playwright install chromium` brings. */
const debian = '/usr/bin/chromium';
/** As e2e/playwright.config.ts does it. */
const launch = () =>
  chromium.launch({
    ...(existsSync(debian) && { executablePath: debian }),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });

/** What each runtime does with the installed package; its last value is what it found. */
const visit = `
  const client = duet.createDuetClient({ url, apiKey });
  const { items, requestId } = await client.retrieve({ userId: 'u1', k: 3 });
  const [eventId] = client.events.log({ type: 'click', userId: 'u1', itemId: items[0].itemId, requestId });
  const refused = await client.catalogue.item({ itemId: 'none' }).catch((error) => error);
  await client.close();
  return JSON.stringify({ items: items.length, eventId, code: refused.code, named: refused instanceof duet.DuetClientError });
`;

describe('the client package, from its tarball in an empty project', () => {
  let shop: TinyShop;
  let serving: Serving;
  let service: RetrievalServer;
  let url: string;
  let apiKey: string;
  let writeKey: string;
  let pagesKey: string;
  let project: string;
  let site: http.Server;
  let origin: string;
  before(async () => {
    project = await mkdtemp(path.join(tmpdir(), 'duet-project-'));
    const tarball = await packClient(project);
    await writeFile(path.join(project, 'package.json'), '{ "type": "module", "private": true }');
    // Without a registry: it must need nothing else.
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: project });

    site = http.createServer(async (request, response) => {
      const name = /^\/(?:duet\/)?([\w-]+\.js)$/.exec(request.url!)?.[1];
      response.setHeader('content-type', name === undefined ? 'text/html' : 'text/javascript');
      if (name === undefined)
        response.end(request.url === '/guide' ? await guidePage() : '<!doctype html><title>shop</title>');
      else response.end(await readFile(path.join(project, 'node_modules/@duet/client', name)));
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

    shop = await createTinyShop();
    await buildModelIndex(shop, { modelId: shop.dat });
    const logger = createLogger({ logLevel: 'silent' }, 'test');
    serving = await openServing({ ...shop, logger });
    const config = { ...loadConfig({ DUET_CORS_ORIGINS: origin }), retrievalPort: 0, drainMs: 0 };
    service = await createServer({ config, logger, db: shop.db, serving });
    url = await service.listen();
    const { db, datasetId } = shop;
    apiKey = (await createApiKey(db, { name: 'shop', scopes: ['retrieve', 'events'] })).key;
    writeKey = (await createApiKey(db, { name: 'writer', datasetId, scopes: ['write'] })).key;
    pagesKey = (
      await createApiKey(db, {
        name: 'pages',
        kind: 'publishable',
        datasetId,
        scopes: ['retrieve', 'events'],
        origins: [origin],
      })
    ).key;
    await signingSecret(db, datasetId);
  });
  after(async () => {
    site.close();
    await service.drain();
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
    await rm(project, { recursive: true });
  });

  /** The page of the guide for browsers, with this service's address and key. */
  const guidePage = async () => {
    const guide = await readFile(path.join(repositoryRoot(), 'docs/guides/browser.md'), 'utf8');
    const [, page] = /```html\n([\s\S]*?)\n```/.exec(guide)!;
    return page!.replace('http://127.0.0.1:4300', url).replace('pk_…', pagesKey);
  };
  const stored = async (eventId: string) => {
    const { rows } = await shop.db.pool.query('SELECT 1 FROM "Event" WHERE "eventId" = $1', [eventId]);
    return rows.length;
  };
  const check = async (found: string) => {
    const { eventId, ...rest } = JSON.parse(found);
    assert.deepEqual(rest, { items: 3, code: 'not-found', named: true });
    assert.equal(await stored(eventId), 1);
  };

  test('has no dependencies, and brings code, declarations, licence and an introduction', async () => {
    const installed = path.join(project, 'node_modules/@duet/client');
    const manifest = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8'));
    assert.equal(manifest.dependencies, undefined);
    for (const file of ['client.js', 'client.d.ts', 'beacon.js', 'file-store.js', 'README.md', 'LICENSE']) {
      assert.ok((await readFile(path.join(installed, file), 'utf8')).length > 100, file);
    }
    // The type of tRPC's router is for who has tRPC.
    const files = (await readdir(installed)).filter((name) => /\.(js|ts)$/.test(name) && name !== 'trpc.d.ts');
    for (const file of files) {
      const text = await readFile(path.join(installed, file), 'utf8');
      assert.doesNotMatch(text, /\b(?:from|import\() ?['"](?!\.\/[\w-]+\.js|node:)/, file);
    }
  });

  test('works in Node, and keeps events in a folder', async () => {
    const program = `
      import * as duet from '@duet/client';
      import { fileStore } from '@duet/client/node';
      const [url, apiKey] = process.argv.slice(2);
      const away = duet.createDuetClient({ url: 'http://127.0.0.1:1', events: { store: fileStore('waiting') } });
      const [kept] = away.events.log({ type: 'click', userId: 'u2', itemId: 'i2' });
      await away.close({ timeoutMs: 50 });
      const back = duet.createDuetClient({ url, apiKey, events: { store: fileStore('waiting') } });
      await back.close();
      console.log(kept);
      console.log(await (async () => { ${visit} })());
    `;
    await writeFile(path.join(project, 'shop.js'), program);
    const { stdout } = await run(process.execPath, ['shop.js', url, apiKey], { cwd: project });
    const [kept, found] = stdout.trim().split('\n') as [string, string];
    assert.equal(await stored(kept), 1);
    await check(found);
  });

  test('writes the catalogue, users and the past from a server', async () => {
    const program = `
      import { createDuetClient } from '@duet/client';
      const [url, apiKey] = process.argv.slice(2);
      const duet = createDuetClient({ url, apiKey });
      const results = (written) => written.results.map(({ result }) => result);
      console.log(JSON.stringify([
        (await duet.items.put({ itemId: 'new', title: 'A new one', priceMinor: 995 })).result,
        (await duet.items.patch({ itemId: 'new', priceMinor: 895 })).result,
        results(await duet.items.write([{ op: 'patch', itemId: 'new', priceMinor: 895 }, { op: 'patch', itemId: 'none' }])),
        (await duet.items.delete({ itemId: 'new' })).result,
        results(await duet.users.write([{ userId: 'u1', attributes: { country: 'Malta' } }])),
        results(await duet.interactions.write([{ userId: 'u1', itemId: 'i1', time: '2020-01-31T12:00:00Z' }])),
      ]));
    `;
    await writeFile(path.join(project, 'writes.js'), program);
    const { stdout } = await run(process.execPath, ['writes.js', url, writeKey], { cwd: project });
    assert.deepEqual(JSON.parse(stdout), [
      ...['added', 'updated', ['unchanged', 'rejected'], 'updated'],
      ...[['accepted'], ['accepted']],
    ]);
  });

  test('is typed: what is right compiles, and what is wrong does not', async () => {
    const program = `
      import { createDuetClient, DuetClientError, type RetrieveAnswer } from '@duet/client';
      import { createBeacon } from '@duet/client/beacon';
      import { fileStore } from '@duet/client/node';
      const duet = createDuetClient({ url: 'http://127.0.0.1:1', events: { store: fileStore('x'), onDrop: (events) => events[0]?.eventId } });
      const answer: RetrieveAnswer = await duet.retrieve({ userId: 'u', k: 3, exclude: ['i'] });
      const title: string | undefined = answer.items[0]?.title;
      const price: number | null | undefined = answer.items[0]?.priceMinor;
      const arm: string | undefined = answer.arm?.id;
      duet.events.log({ type: 'order', userId: 'u', valueMinor: 100, currency: 'GBP', quantity: 1 });
      const [written] = (await duet.items.write([{ op: 'put', itemId: 'i', title: 'One' }])).results;
      console.log(written?.result, createBeacon({ url: 'http://127.0.0.1:1', apiKey: 'pk_' }).log({ type: 'click', itemId: 'i' }));
      // @ts-expect-error: an item is written by its id
      await duet.items.put({ title: 'One' });
      const error = new DuetClientError('timeout', 'late');
      console.log(title, price, arm, error.transient);
      // @ts-expect-error: there is no such field
      answer.items[0]?.colour;
      // @ts-expect-error: a number is asked for
      duet.retrieve({ userId: 'u', k: '3' });
      // A shop may have types of its own.
      duet.events.log({ type: 'wish', userId: 'u', itemId: 'i' });
      // @ts-expect-error: an id is a text
      duet.events.log({ type: 'click', userId: 7, itemId: 'i' });
    `;
    const trpcProgram = `
      import type { AppRouter } from '@duet/client/trpc';
      import { createTRPCClient, httpBatchLink } from '@trpc/client';
      const trpc = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: 'http://127.0.0.1:4300/trpc' })] });
      const { items } = await trpc.retrieve.query({ userId: 'u' });
      const probability: number | null | undefined = items[0]?.probability;
      const [shopper] = await trpc.catalogue.shoppers.query();
      const { visitor } = await trpc.visitors.create.mutate();
      console.log(probability, shopper?.userId, visitor, (await trpc.health.query()).status);
      // @ts-expect-error: it is no mutation
      trpc.retrieve.mutate({ userId: 'u' });
      // @ts-expect-error: a number is asked for
      trpc.retrieve.query({ userId: 'u', k: '3' });
    `;
    await writeFile(path.join(project, 'trpc.ts'), trpcProgram);
    // Such a shop has tRPC installed; from here, since there is no registry.
    await symlink(path.join(repositoryRoot(), 'node_modules/@trpc'), path.join(project, 'node_modules/@trpc'));
    await writeFile(path.join(project, 'shop.ts'), program);
    const options = {
      module: 'nodenext',
      target: 'es2022',
      // tRPC's own declarations name Disposable.
      lib: ['es2022', 'dom', 'esnext.disposable'],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types: [],
    };
    await writeFile(
      path.join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, skipLibCheck: false }, files: ['shop.ts', 'trpc.ts'] }),
    );
    const tsc = path.join(repositoryRoot(), 'node_modules/typescript-native/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', '.'], { cwd: project }).catch((error) => error);
    assert.equal(stdout, '');
  });

  test('works in a browser, where events outlive the page that could not send them', async () => {
    const browser = await launch();
    try {
      const context = await browser.newContext();
      const inPage = async (body: string, address: string) => {
        const page = await context.newPage();
        await page.goto(origin);
        const code = `(async () => { const duet = await import('/client.js'); const [url, apiKey] = ${JSON.stringify([address, apiKey])}; ${body} })()`;
        const value = (await page.evaluate(code)) as string;
        await page.close();
        return value;
      };
      await check(await inPage(visit, url));
      const log = `
        const client = duet.createDuetClient({ url, apiKey, retry: { baseDelayMs: 60_000 } });
        const [id] = client.events.log({ type: 'click', userId: 'u3', itemId: 'i3' });
        await new Promise((resolve) => setTimeout(resolve, 300));
        return id;
      `;
      const eventId = await inPage(log, 'http://127.0.0.1:1');
      assert.equal(await stored(eventId), 0);
      await inPage('await duet.createDuetClient({ url, apiKey }).close()', url);
      assert.equal(await stored(eventId), 1);
      const left = await inPage('return String(localStorage.length)', url);
      assert.equal(left, '0');
      const beacon = (address: string) => `
        const { createBeacon } = await import('/beacon.js');
        const beacon = createBeacon({ url: ${JSON.stringify(address)}, apiKey: ${JSON.stringify(pagesKey)} });`;
      const late = await inPage(
        `${beacon('http://127.0.0.1:1')} const [id] = beacon.log({ type: 'click', itemId: 'i4' }); await beacon.flush(); return id;`,
        url,
      );
      assert.equal(await stored(late), 0);
      const [id] = await inPage(
        `${beacon(url)} const ids = beacon.log({ type: 'cart', itemId: 'i4' }); await beacon.flush(); return ids.join();`,
        url,
      ).then((ids) => ids.split(','));
      assert.deepEqual([await stored(late), await stored(id!)], [1, 1], 'by the beacon');
    } finally {
      await browser.close();
    }
  });

  test('the page of the guide for browsers shows a list, and logs what is seen and followed', async () => {
    const browser = await launch();
    try {
      // Duet counts nothing of a browser that says it is headless.
      const { userAgent } = devices['Desktop Chrome'];
      const page = await (await browser.newContext({ userAgent })).newPage();
      await page.goto(`${origin}/guide`);
      const links = page.getByRole('region', { name: 'Recommended for you' }).getByRole('listitem').getByRole('link');
      await links.first().waitFor();
      assert.equal(await links.count(), 8);
      const sent: string[] = [];
      const isLogged = (type: string) =>
        page.waitForResponse(async (response) => {
          const { events = [] } = response.request().postDataJSON() ?? {};
          sent.push(...events.map((event: { type: string }) => event.type));
          return response.url().endsWith('events.log') && sent.includes(type);
        });
      const { result } = await (await isLogged('impression')).json();
      assert.deepEqual(result.data.rejected, []);
      const clicked = isLogged('click');
      await links.nth(1).click({ modifiers: ['Control'] });
      await clicked;
      const { rows } = await shop.db.pool.query(
        `SELECT "type"::text, "position" FROM "Event" WHERE "placement" = 'home' AND "type" IN ('impression', 'click')`,
      );
      assert.equal(rows.filter(({ type }) => type === 'impression').length, 8);
      assert.deepEqual(
        rows.filter(({ type }) => type === 'click').map(({ position }) => position),
        [1],
      );
    } finally {
      await browser.close();
    }
  });

  test('works in an edge runtime, without anything of Node', async () => {
    const entry = `import * as duet from '@duet/client'; globalThis.duet = duet;`;
    // As edge platforms do: they bundle, and run the bundle where only the web's own interfaces are.
    const bundled = await build({
      stdin: { contents: entry, resolveDir: project },
      bundle: true,
      format: 'iife',
      write: false,
      conditions: ['edge-light', 'worker'],
    });
    const edge = new EdgeVM();
    assert.equal(edge.evaluate('typeof process + typeof require + typeof Buffer'), 'undefinedundefinedundefined');
    edge.evaluate(bundled.outputFiles[0]!.text);
    const code = `(async () => { const [url, apiKey] = ${JSON.stringify([url, apiKey])}; ${visit} })()`;
    await check(await (edge.evaluate(code) as Promise<string>));
  });
});
