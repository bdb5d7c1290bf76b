import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { packClient } from '@duet/client/pack';
import { packReact } from '@duet/react/pack';
import { test as unwatched } from '@playwright/test';
import { build } from 'vite';
import { addresses, expect, test } from './fixtures.ts';

const repository = path.join(import.meta.dirname, '..');
const duet = path.join(repository, 'apps/cli/bin/duet.mjs');

/** A page as a shop with Vite writes it. */
const program = (url: string, apiKey: string) => `
  import { createRoot } from 'react-dom/client';
  import { DuetProvider, NotInterested, Recommendations, useRecommendations, ShownList, useShownItem, type ListOf } from '@duet/react';

  function Cart() {
    const shown = useShownItem();
    return <button type="button" onClick={() => shown?.log('cart', { quantity: 2 })}>Add</button>;
  }
  function Trending() {
    const { items, entries, status } = useRecommendations({ list: 'trending', placement: 'hook', k: 2 } satisfies ListOf<'trending'>);
    if (status !== 'ready') return null;
    return <ShownList entries={entries} answerId="hook" label="Trending">{items.map(({ itemId, title }) => <b key={itemId}>{title}</b>)}</ShownList>;
  }
  const address = location.hash === '#away' ? 'http://127.0.0.1:1' : '${url}';
  createRoot(document.getElementById('root')!).render(
    <DuetProvider url={address} apiKey="${apiKey}">
      <Recommendations placement="vite" k={3} href={(item) => '#' + item.itemId} more="Show more" />
      <Trending />
      <div style={{ height: 3000 }} />
      <Recommendations list="popular" placement="below" k={2} label="Best sellers" failed={null}>
        {(item, place) => <div>{place}. {item.title} <Cart /> <NotInterested label={'Not interested in ' + item.itemId} /></div>}
      </Recommendations>
      <Recommendations list="retrieve" placement="again" seen="only" label="Again" empty={<p>Nothing to buy again.</p>} failed={null} />
    </DuetProvider>,
  );
`;

let folder: string;
let site: http.Server | undefined;
let origin: string;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  folder = mkdtempSync(path.join(os.tmpdir(), 'duet-vite-'));
  // As a shop installs it: from the tarballs, beside its own React.
  for (const [name, tarball] of [
    ['client', await packClient(folder)],
    ['react', await packReact(folder)],
  ] as const) {
    const target = path.join(folder, 'node_modules/@duet', name);
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  }
  for (const name of ['react', 'react-dom', 'scheduler']) {
    const target = path.join(folder, 'node_modules', name);
    cpSync(path.join(repository, 'node_modules', name), target, { recursive: true });
  }
  mkdirSync(path.join(folder, 'node_modules/@types'));
  for (const name of ['react', 'react-dom']) {
    symlinkSync(path.join(repository, 'node_modules/@types', name), path.join(folder, 'node_modules/@types', name));
  }
  const dist = path.join(folder, 'dist');
  site = http.createServer((request, response) => {
    const file = path.join(dist, request.url === '/' ? 'index.html' : request.url!);
    if (!existsSync(file)) return response.writeHead(204).end();
    const type = { '.html': 'text/html', '.js': 'text/javascript' }[path.extname(file)] ?? 'text/plain';
    return response.setHeader('content-type', type).end(readFileSync(file));
  });
  const listening = site;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const made = execFileSync(
    process.execPath,
    [
      ...[duet, 'keys', 'create', '--name', 'vite', '--dataset', 'online-retail', '--publishable', '--origin', origin],
      ...['--scope', 'retrieve,events', '--json', '--data-dir', process.env.E2E_DATA_DIR!],
    ],
    { encoding: 'utf8' },
  );
  writeFileSync(path.join(folder, 'main.tsx'), program(addresses().retrieval, JSON.parse(made).key));
  writeFileSync(
    path.join(folder, 'index.html'),
    '<!doctype html><title>shop</title><div id="root"></div><script type="module" src="/main.tsx"></script>',
  );
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module", "private": true }');
  await build({ root: folder, configFile: false, logLevel: 'warn', build: { outDir: dist } });
});
test.afterAll(() => {
  site?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('its lists compile in a shop under the strictest settings', () => {
  const compilerOptions = {
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true, types: [] },
    ...{ module: 'preserve', moduleResolution: 'bundler', target: 'es2022', jsx: 'react-jsx', lib: ['es2022', 'dom'] },
  };
  const config = { compilerOptions, files: ['main.tsx'] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = path.join(repository, 'node_modules/typescript-native/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', folder], { stdio: 'pipe' });
});

test('a Vite shop shows lists, and counts what is really seen, followed and put into the cart', async ({ page }) => {
  const logged: { type: string; placement: string; position: number; itemId: string; requestId?: string }[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/trpc/events.log')) logged.push(...request.postDataJSON().events);
  });
  const of = (placement: string, type: string) =>
    logged.filter((event) => event.placement === placement && event.type === type);
  await page.goto(origin);

  const list = page.getByRole('region', { name: 'Recommended for you' });
  await expect(list.getByRole('list').getByRole('listitem')).toHaveCount(3);
  await expect(page.getByRole('region', { name: 'Trending' }).getByRole('listitem')).toHaveCount(2);
  await expect(page.getByText('Nothing to buy again.')).toBeAttached();
  await expect
    .poll(() =>
      of('vite', 'impression')
        .map(({ position }) => position)
        .sort(),
    )
    .toEqual([0, 1, 2]);
  expect(of('vite', 'impression').every(({ requestId }) => requestId !== undefined)).toBe(true);
  await expect.poll(() => of('hook', 'impression').length).toBe(2);
  expect(of('below', 'impression'), 'what is below the fold was not seen').toEqual([]);

  await list.getByRole('link').nth(1).click();
  await expect.poll(() => of('vite', 'click').map(({ position }) => position)).toEqual([1]);

  await list.getByRole('button', { name: 'Show more' }).click();
  await expect(list.getByRole('listitem')).toHaveCount(6);
  const ids = await list.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  expect(new Set(ids).size, 'nothing twice').toBe(6);
  await expect
    .poll(() =>
      of('vite', 'impression')
        .map(({ position }) => position)
        .sort(),
    )
    .toEqual([0, 1, 2, 3, 4, 5]);

  const below = page.getByRole('region', { name: 'Best sellers' });
  const answered = page.waitForResponse((response) => response.url().endsWith('events.log'));
  await below.getByRole('button', { name: 'Add' }).first().click();
  await expect(below.getByRole('listitem').first()).toContainText(/^1\. /);
  await expect.poll(() => of('below', 'cart').length).toBe(1);
  expect(of('below', 'impression').length, 'no cart without an impression').toBeGreaterThan(0);
  const { result } = await (await answered).json();
  expect(result.data.rejected).toEqual([]);

  // What a shopper does not want gives way at once, and is in no list from the next look on.
  const second = below.getByRole('listitem').nth(1);
  const name = (await second.getByRole('button', { name: 'Not interested' }).getAttribute('aria-label'))!;
  await second.getByRole('button', { name }).click();
  await expect(second.getByRole('status')).toHaveText('You will not see it again.');
  await expect(second.getByRole('status')).toBeFocused();
  await expect.poll(() => of('below', 'dislike').map(({ itemId }) => `Not interested in ${itemId}`)).toEqual([name]);
  await expect(async () => {
    await page.reload();
    await expect(below.getByRole('listitem')).toHaveCount(2);
    await expect(below.getByRole('button', { name })).toHaveCount(0);
  }).toPass();
});

// Its console tells of the calls that fail.
unwatched('a Vite shop stays a shop while Duet is away', async ({ page }) => {
  await page.goto(`${origin}/#away`);
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('region')).toHaveCount(1);
});
