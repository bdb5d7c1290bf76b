import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packClient } from '@duet/client/pack';
import { freePort } from '@duet/db/testing';
import { packReact } from '@duet/react/pack';
import { addresses, expect, test } from './fixtures.ts';

const repository = path.join(import.meta.dirname, '..');
const shop = path.join(repository, 'apps/storefront');
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

/** What `duet` answers. */
const duet = (...args: string[]) =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [path.join(repository, 'apps/cli/bin/duet.mjs'), ...args, '--json', '--data-dir', process.env.E2E_DATA_DIR!],
      { encoding: 'utf8' },
    ),
  );

/**
 * Puts packages and all that they need into a folder, as `npm install` would: the locked versions, from this checkout's
 * own `node_modules`, since a test has no registry.
 */
function installLocked(names: string[], into: string): void {
  const { packages } = read(path.join(repository, 'package-lock.json')) as {
    packages: Record<string, Record<'dependencies' | 'optionalDependencies' | 'peerDependencies', object | undefined>>;
  };
  const needed = new Set<string>();
  const want = (name: string, asked: string): void => {
    for (let from = asked; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
      const key = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
      const found = packages[key];
      if (found !== undefined && existsSync(path.join(repository, key))) {
        if (needed.has(key)) return;
        needed.add(key);
        const needs = { ...found.dependencies, ...found.optionalDependencies, ...found.peerDependencies };
        for (const need of Object.keys(needs)) want(need, key);
        return;
      }
      if (from === '') return; // Optional, and not of this machine.
    }
  };
  for (const name of names) want(name, '');
  for (const key of [...needed].filter((key) => key.lastIndexOf('node_modules/') === 0)) {
    mkdirSync(path.dirname(path.join(into, key)), { recursive: true });
    cpSync(path.join(repository, key), path.join(into, key), { recursive: true });
  }
}

test('the example shop can be copied out of this repository, and sells', async ({ page }) => {
  test.setTimeout(600_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'my-shop-'));
  let running: ChildProcess | undefined;
  try {
    const leave = new Set(['node_modules', '.next', '.turbo', 'test-results', 'next-env.d.ts']);
    cpSync(shop, folder, { recursive: true, filter: (file) => !leave.has(path.basename(file)) });
    const { dependencies, devDependencies } = read(path.join(folder, 'package.json'));
    const foreign = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !name.startsWith('@duet/'));
    installLocked(foreign, folder);
    for (const tarball of [await packClient(folder), await packReact(folder)]) {
      const target = path.join(folder, 'node_modules/@duet', /duet-(\w+)-/.exec(path.basename(tarball))![1]!);
      mkdirSync(target, { recursive: true });
      execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
    }

    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const named = ['--name', `copied-${port}`, '--dataset', 'online-retail'];
    const { key: apiKey } = duet('keys', 'create', ...named, '--scope', 'retrieve,customers,events,orders');
    const forPages = ['--publishable', '--origin', origin, '--scope', 'retrieve,events'];
    const { key: pagesKey } = duet('keys', 'create', ...named, ...forPages);
    const { secret } = duet('keys', 'signing-secret', '--dataset', 'online-retail');
    const inherited = Object.entries(process.env).filter(([name]) => !/^(DUET|DATABASE|E2E|NODE_)/.test(name));
    const env = {
      ...Object.fromEntries(inherited),
      DUET_RETRIEVAL_URL: addresses().retrieval,
      DUET_API_KEY: apiKey,
      DUET_PUBLISHABLE_KEY: pagesKey,
      DUET_SIGNING_SECRET: secret,
      NODE_ENV: 'production',
    };
    const next = path.join(folder, 'node_modules/next/dist/bin/next');
    execFileSync(process.execPath, [next, 'build'], { cwd: folder, env: env as NodeJS.ProcessEnv, stdio: 'pipe' });
    running = spawn(process.execPath, [next, 'start', '--port', String(port), '--hostname', '127.0.0.1'], {
      ...{ cwd: folder, env: env as NodeJS.ProcessEnv, stdio: 'ignore' },
    });
    await expect
      .poll(() =>
        fetch(`${origin}/api/health`).then(
          ({ ok }) => ok,
          () => false,
        ),
      )
      .toBe(true);

    await page.goto(origin);
    await page.getByRole('button', { name: 'Behind the scenes' }).click();
    await expect(page.getByTestId('event-counts')).toContainText(/[1-9]\d* acknowledged .* 0 refused/);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.goto(`${origin}/item/85123A`);
    await page.getByRole('button', { name: 'Add to basket' }).click();
    await page.getByRole('link', { name: 'Basket, 1 item' }).click();
    await page.getByRole('button', { name: 'Buy' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Thank you!' })).toBeVisible();
  } finally {
    if (running !== undefined && running.exitCode === null) {
      running.kill();
      await once(running, 'close');
    }
    rmSync(folder, { recursive: true, force: true });
  }
});
