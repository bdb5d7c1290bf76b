/**
 * Pictures of every page of the admin and the example shop, in both schemes and two widths, for looking at.
 *
 *   npm run screenshots [folder]     of a system of its own, or of the one that E2E_ADMIN_URL, E2E_STOREFRONT_URL and
 *                                    E2E_DATA_DIR name; E2E_ONLY is a part of the paths that are wanted
 *
 * A page is found by its links: of addresses that differ in ids or queries alone one is taken. What a browser complains
 * of, and a page that is wider than its window, is printed.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test';
import { addresses, secretOf } from './fixtures.ts';
import config from './playwright.config.ts';
import startSystem from './system.ts';

const widths = [1440, 390];
const schemes = ['light', 'dark'] as const;
/** Paths that are files and no pages. */
const skipped = /\/(download|export|rejected|api)([/?]|$)/;

/** What is the same for two addresses of one page: ids are left out, of a query its names are kept. */
function shapeOf(address: string): string {
  const { pathname, searchParams } = new URL(address);
  const ids = pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replace(/\/item\/.*/, '/item/ID');
  return [ids, ...[...searchParams.keys()].filter((key) => key !== 'dataset').sort()].join(' ');
}

const linksOf = (page: Page): Promise<string[]> =>
  page.locator('a[href]').evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));

/** One address of each page that can be reached from `start`. */
async function crawl(page: Page, start: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const waiting = [start];
  for (let address = waiting.shift(); address !== undefined; address = waiting.shift()) {
    const shape = shapeOf(address);
    if (!address.startsWith(start) || skipped.test(address) || found.has(shape)) continue;
    found.set(shape, address.split('#')[0]!);
    await page.goto(address);
    waiting.push(...(await linksOf(page)));
  }
  return found;
}

const nameOf = (shape: string) => shape.replace(/^\//, '').replace(/[^\w-]+/g, '-') || 'start';

/** Takes every page in one scheme and width. */
async function picture(context: BrowserContext, pages: Map<string, string>, folder: string, look: string) {
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') console.log(`  ${page.url()}: ${message.text()}`);
  });
  for (const [shape, address] of pages) {
    await page.goto(address);
    await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => {
      // Live pages ask again every two seconds: they are as they will be.
    });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wider > 0) console.log(`  ${address} is ${wider} px wider than its window, ${look}`);
    await page.screenshot({ path: path.join(folder, `${nameOf(shape)}.${look}.png`), fullPage: true });
  }
  await page.close();
}

async function pictures(browser: Browser, folder: string): Promise<void> {
  const { userAgent } = config.use ?? {};
  const open = (
    width: number,
    colorScheme: 'light' | 'dark',
    state?: Awaited<ReturnType<BrowserContext['storageState']>>,
  ) =>
    browser.newContext({
      ...(userAgent !== undefined && { userAgent }),
      ...(state !== undefined && { storageState: state }),
      viewport: { width, height: 900 },
      colorScheme,
    });
  const first = await open(1440, 'light');
  // A development server compiles a page when it is first asked for.
  first.setDefaultTimeout(120_000);
  const page = await first.newPage();
  await page.goto(`${addresses().admin}/login`);
  await page.screenshot({ path: path.join(folder, 'login.1440-light.png') });
  await page.getByLabel('E-mail').fill('admin@localhost');
  await page.getByLabel('Password').fill(secretOf('admin-password'));
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((url) => url.pathname !== '/login');
  await page.goto(`${addresses().storefront}/shoppers?q=17850`);
  await page.getByRole('button', { name: 'Customer 17850' }).click();
  await page.waitForURL((url) => url.pathname === '/');
  const selectedPages = (pages: Map<string, string>) =>
    [...pages].filter(([, address]) => new URL(address).pathname.includes(process.env.E2E_ONLY ?? ''));
  const admin = await crawl(page, addresses().admin);
  const shop = await crawl(page, addresses().storefront);
  const pages = new Map([
    ...selectedPages(admin),
    ...selectedPages(shop).map(([shape, address]): [string, string] => [`shop ${shape}`, address]),
  ]);
  console.log(`${pages.size} pages into ${folder}`);
  const state = await first.storageState();
  for (const width of widths) {
    for (const scheme of schemes) {
      await using context = await open(width, scheme, state);
      await picture(context, pages, folder, `${width}-${scheme}`);
    }
  }
}

const folder = path.resolve(process.argv[2] ?? 'test-results/screenshots');
mkdirSync(folder, { recursive: true });
const stop = process.env.E2E_ADMIN_URL === undefined ? await startSystem() : undefined;
try {
  await using browser = await chromium.launch(config.use?.launchOptions);
  await pictures(browser, folder);
} finally {
  await stop?.();
}
