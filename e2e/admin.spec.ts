import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { addresses, expect, logIn, test } from './fixtures.ts';

/** Where the pages of the example's dataset are. */
const shop = () => `${addresses().admin}/datasets/online-retail`;

test('the admin shows nothing without a log-in', async ({ page }) => {
  const places = ['', '/data', '/pipeline', '/health', '/models', '/indexes', '/playground', '/rules', '/experiments'];
  for (const place of ['/', '/datasets', '/keys', ...places.map((path) => `/datasets/online-retail${path}`)]) {
    await page.goto(`${addresses().admin}${place}`);
    await expect(page.getByLabel('Password')).toBeVisible();
    await expect(page.getByText('online-retail')).toHaveCount(0);
  }
});

test('a wrong password is refused', async ({ page }) => {
  await page.goto(`${addresses().admin}/login`);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert').filter({ hasText: /\w/ })).toBeVisible();
  await expect(page.getByLabel('Password')).toBeVisible();
});

test('a report is no file for who has not logged in', async ({ request }) => {
  const file = 'experiments/01890000-0000-7000-8000-000000000000/download/csv';
  const answer = await request.get(`${shop()}/${file}`, { maxRedirects: 0 });
  expect(answer.status()).toBe(307);
  expect(answer.headers().location).toContain('/login');
});

test.describe('logged in', () => {
  test.beforeEach(({ page }) => logIn(page));

  test('the overview tells that the service is healthy, on which data, with which models', async ({ page }) => {
    const main = page.getByRole('main');
    await expect(main).toContainText('healthy');
    await expect(main).toContainText('online-retail');
    await expect(main).toContainText('396,241 interactions');
    const served = page.getByRole('table', { name: 'What shoppers get now' }).getByRole('row');
    const arms = served.filter({ hasText: 'dat-vs-two-tower' });
    await expect(arms).toHaveCount(2);
    for (const place of [0, 1]) await expect(arms.nth(place)).toContainText('50%');
    await expect(main.getByRole('heading', { name: 'Next steps' })).toBeVisible();
    await expect(page).toHaveTitle('online-retail · Duet');
  });

  test('an address that no page has is said within the frame', async ({ page }) => {
    const answers = ['/datasets/no-such-shop/models', '/no-such-page'].map((place) => `${addresses().admin}${place}`);
    for (const address of [...answers, `${shop()}/models/01890000-0000-7000-8000-000000000000`]) {
      await page
        .context()
        .request.get(address)
        .then((answer) => expect(answer.status()).toBe(404));
    }
  });

  test('Ctrl K goes to a page, to a product by its title, and to what a shopper is shown', async ({ page }) => {
    const goTo = async (text: string, place: RegExp) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Go to' }).fill(text);
      const option = page.getByRole('listbox', { name: 'Places' }).getByRole('option', { name: place });
      await expect(option).toBeVisible();
      while ((await option.getAttribute('aria-selected')) !== 'true') await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
    };
    await goTo('healt', /^Health/);
    await expect(page).toHaveURL(/\/datasets\/online-retail\/health$/);
    await goTo('white hanging heart', /WHITE HANGING HEART T-LIGHT HOLDER/i);
    await expect(page).toHaveURL(/\/data\/catalogue\/item\?item=85123A$/);
    await goTo('17850', /What shopper 17850 is shown/);
    await expect(page).toHaveURL(/\/playground\?user=17850$/);
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });

  test('datasets: the counts of the import, the categories and a real row', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'All datasets' }).click();
    const row = page.getByRole('row').filter({ hasText: 'online-retail' });
    await expect(row).toContainText('396,241');
    await expect(row).toContainText('4,334');
    await row.getByRole('link', { name: 'online-retail' }).click();
    await expect(page.getByRole('combobox', { name: 'Dataset' })).toHaveValue('online-retail');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Data', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Categories and their imbalance' })).toBeVisible();
    await expect(page.getByRole('row').filter({ hasText: 'Signs & Wall Art' })).toContainText(/\d %|\d%/);
    await page.getByRole('link', { name: 'Interactions', exact: true }).click();
    await expect(page.getByRole('table').first()).toContainText(/\d{5}/);
  });

  test('models: all four side by side on the time split', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Models' }).click();
    const table = page.getByRole('table', { name: /time:0\.8/ });
    for (const kind of [/popularity/i, /item-?knn/i, /two-?tower/i, /^DAT/i]) {
      const row = table.getByRole('row').filter({ has: page.getByRole('rowheader', { name: kind }) });
      await expect(row.getByRole('cell').first()).toContainText(/0\.\d{3,}/);
    }
    await table.getByRole('rowheader', { name: /^DAT/i }).getByRole('link').click();
    await expect(page.getByRole('main')).toContainText('augmentedDims');
  });

  test('indexes: their recall and latency', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Indexes' }).click();
    const active = page.getByRole('row').filter({ hasText: 'active' });
    await expect(active).toHaveCount(2);
    // 32 of the towers and one of the popularity prior.
    await expect(active.first()).toContainText('3,673 × 33');
    await expect(active.first()).toContainText(/µs/);
  });

  test('indexes: an earlier one serves again with one click', async ({ page }) => {
    await page.goto(`${shop()}/indexes`);
    const section = page.locator('section').first();
    await section.getByRole('button', { name: 'Rebuild' }).click();
    const restore = section.getByRole('button', { name: /^Serve version/ });
    await expect(async () => {
      await page.reload();
      await expect(restore.first()).toBeVisible({ timeout: 1000 });
    }).toPass({ timeout: 90_000 });
    const versionOf = async () =>
      Number(await section.getByRole('row').filter({ hasText: 'active' }).getByRole('cell').first().textContent());
    const newest = await versionOf();
    await restore.first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Serve' }).click();
    await expect.poll(versionOf).toBe(newest - 1);
  });

  test('catalogue and playground: a price is edited, and filters hold', async ({ page }) => {
    await page.goto(`${shop()}/data/catalogue`);
    await page.getByLabel('Search the catalogue').fill('85123A');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: '85123A' }).click();
    const price = page.getByLabel('Price in GBP');
    const before = await price.inputValue();
    await price.fill('1234.56');
    await page.getByRole('button', { name: 'Save' }).click();
    // It is changed back where it stands.
    const inPlace = page.getByLabel('Price of 85123A');
    await expect(inPlace).toHaveValue('1234.56');
    await inPlace.fill(before);
    const saved = page.waitForResponse((answer) => answer.request().method() === 'POST');
    await inPlace.press('Enter');
    await saved;
    await page.reload();
    await expect(inPlace).toHaveValue(before);
    await page.goto(`${shop()}/playground/compare?user=17850&price=0.5&stock=yes`);
    const lists = page.getByRole('table').filter({ has: page.getByRole('columnheader', { name: 'Score' }) });
    await expect(lists).toHaveCount(2);
    for (const price of await lists.first().locator('td.num:nth-child(3)').allTextContents()) {
      expect(Number(price.replace('£', ''))).toBeLessThanOrEqual(0.5);
    }
    await page.goto(`${shop()}/playground/compare?user=17850&category=LIGHT`);
    const problem = page.getByRole('alert').filter({ hasText: 'No item of the catalogue is in a category "LIGHT"' });
    await expect(problem).toBeVisible();
  });

  test('playground: a hundred candidates of each model for one customer', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Playground' }).click();
    await page.getByLabel('Shopper', { exact: true }).fill('17850');
    await page.getByRole('button', { name: 'Show' }).click();
    const list = page.getByRole('table', { name: 'The list' });
    await expect(list.getByRole('row')).toHaveCount(25);
    await list.locator('summary').first().click();
    await expect(list.locator('details[open]')).toContainText(/Retrieved\s*at place \d+/);
    await page.getByRole('link', { name: 'Two models' }).click();
    await page.getByLabel('Shopper', { exact: true }).fill('17850');
    await page.getByRole('button', { name: 'Compare' }).click();
    const lists = page.getByRole('table').filter({ has: page.getByRole('columnheader', { name: 'Score' }) });
    await expect(lists).toHaveCount(2);
    for (const place of [0, 1]) await expect(lists.nth(place).getByRole('row')).toHaveCount(101);
    await expect(lists.first()).toContainText(/£\d/);
    await page.locator('summary', { hasText: 'What the shopper bought' }).click();
    await expect(page.getByRole('table', { name: 'What the shopper bought' })).toContainText('2010');
  });

  test('rules: one is made, switched off and deleted, and a wrong one says what it lacks', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Rules' }).click();
    await page.getByLabel('Item', { exact: true }).fill('no such item');
    // No page asks for this placement, so that no other test meets the rule.
    await page.getByLabel('Placement').fill('e2e');
    await page.getByRole('button', { name: 'Add rule' }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'There is no item no such item' })).toBeVisible();
    // By its title, as a merchandiser knows it; the field then holds the id.
    await page.getByLabel('Item', { exact: true }).fill('hanging heart t-light');
    await page.getByRole('option', { name: /WHITE HANGING HEART T-LIGHT HOLDER/ }).click();
    await expect(page.getByLabel('Item', { exact: true })).toHaveValue('85123A');
    await page.getByLabel('Concerns').selectOption('A whole category');
    await page.getByLabel('Category').selectOption('Signs & Wall Art');
    await page.getByLabel('Factor').fill('1.5');
    await page.getByRole('button', { name: 'Add rule' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Signs & Wall Art' });
    await expect(row).toContainText('score × 1.5');
    await expect(row).toContainText('in force');
    await row.getByRole('button', { name: 'Switch off' }).click();
    await expect(row.getByRole('button', { name: 'Switch on' })).toBeVisible();
    await row.getByRole('button', { name: 'Delete' }).click();
    await row.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(row).toHaveCount(0);
  });

  test('experiments: the one that runs, half of the shoppers each', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Experiments' }).click();
    // The overview's rows name it as well.
    await expect(page.getByRole('heading', { level: 1, name: 'Experiments' })).toBeVisible();
    const row = page.getByRole('row').filter({ hasText: 'dat-vs-two-tower' });
    await expect(row).toContainText('running');
    await expect(row).toContainText(/two-tower 50\s?% · dat 50\s?%/);
  });

  test('API keys: a new one is shown once, opens the service, and does not once it is revoked', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'API keys' }).click();
    await page.getByLabel('Name', { exact: true }).fill('A till');
    await page.getByLabel('Requests a second').fill('50');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const key = (await page.getByRole('status').locator('code').textContent()) ?? '';
    expect(key).toMatch(/^sk_[\w-]{46}$/);
    const item = () =>
      fetch(`${addresses().retrieval}/v1/items/85123A`, { headers: { authorization: `Bearer ${key}` } });
    expect((await item()).headers.get('ratelimit-policy')).toContain('q=1000');

    const row = page.getByRole('row').filter({ hasText: 'A till' });
    await expect(row).toContainText('50/s');
    await expect(row).toContainText('retrieve, events');
    await page.reload();
    await expect(page.getByRole('main')).not.toContainText(key);
    await row.getByRole('button', { name: 'Revoke A till' }).click();
    await row.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
    await expect(row).toContainText('revoked');
    await expect.poll(async () => (await item()).status).toBe(401);
  });

  test('an experiment: what may be concluded, its days and its breakdowns', async ({ page }) => {
    await page.goto(`${shop()}/experiments`);
    await page.getByRole('link', { name: 'dat-vs-two-tower' }).click();
    await expect(page.getByRole('region', { name: 'What can be concluded' })).toContainText(
      /nothing can be concluded/i,
    );
    await expect(page.getByRole('table', { name: 'Arms' })).toContainText('two-tower');
    const tabs = page.getByRole('navigation', { name: 'Experiment' });
    for (const tab of ['Days', 'Breakdowns', 'Report']) {
      await tabs.getByRole('link', { name: tab }).click();
      await expect(tabs.getByRole('link', { name: tab })).toHaveAttribute('aria-current', 'page');
      await expect(page.getByText('There is no report')).toHaveCount(0);
    }
    await page.getByLabel('Level').selectOption({ label: '99 %' });
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page).toHaveURL(/level=0\.99/);
    await expect(page.getByLabel('Level')).toHaveValue('0.99');
  });

  test('an experiment’s report as a file: a page that needs nothing else, CSV and JSON', async ({
    page,
    context,
  }, info) => {
    await page.goto(`${shop()}/experiments`);
    await page.getByRole('link', { name: 'dat-vs-two-tower' }).click();
    const saved = async (format: string) => {
      const arriving = page.waitForEvent('download');
      await page.getByRole('navigation', { name: 'Download' }).getByRole('link', { name: format }).click();
      const file = await arriving;
      expect(file.suggestedFilename()).toBe(
        `dat-vs-two-tower-phase-1.${format === 'Page' ? 'html' : format.toLowerCase()}`,
      );
      const saved = info.outputPath(file.suggestedFilename());
      await file.saveAs(saved);
      return saved;
    };
    const csv = readFileSync(await saved('CSV'), 'utf8');
    expect(csv.split('\r\n')[0]).toMatch(/^scope,dimension,segment,day,arm,/);
    const json = JSON.parse(readFileSync(await saved('JSON'), 'utf8'));
    expect(json.experiment.name).toBe('dat-vs-two-tower');

    const alone = await context.newPage();
    const asked: string[] = [];
    alone.on('request', (request) => asked.push(request.url()));
    const address = pathToFileURL(await saved('Page')).href;
    await alone.goto(address);
    await expect(alone.getByRole('heading', { level: 1, name: 'dat-vs-two-tower' })).toBeVisible();
    await expect(alone.getByText(json.finding)).toBeVisible();
    expect(asked).toEqual([address]);
  });
});
