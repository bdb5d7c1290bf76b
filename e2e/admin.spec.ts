import { addresses, expect, logIn, test } from './fixtures.ts';

test('the admin shows nothing without a log-in', async ({ page }) => {
  for (const place of ['/', '/datasets', '/models', '/indexes', '/playground', '/experiments', '/keys']) {
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

test.describe('logged in', () => {
  test.beforeEach(({ page }) => logIn(page));

  test('the overview tells that the service is healthy, on which data, with which models', async ({ page }) => {
    const main = page.getByRole('main');
    await expect(main).toContainText('healthy');
    await expect(main).toContainText('online-retail');
    await expect(main).toContainText('396,241 interactions');
    await expect(main.getByRole('link', { name: 'dat-vs-two-tower' })).toBeVisible();
  });

  test('datasets: the counts of the import, the categories and a real row', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Datasets' }).click();
    const row = page.getByRole('row').filter({ hasText: 'online-retail' });
    await expect(row).toContainText('396,241');
    await expect(row).toContainText('4,334');
    await row.getByRole('link', { name: 'online-retail' }).click();
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
    await expect(active.first()).toContainText('3,673 × 32');
    await expect(active.first()).toContainText(/µs/);
  });

  test('playground: a hundred candidates of each model for one customer', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Playground' }).click();
    await page.getByLabel('Shopper', { exact: true }).fill('17850');
    await page.getByRole('button', { name: 'Compare' }).click();
    const lists = page.getByRole('table').filter({ has: page.getByRole('columnheader', { name: 'Score' }) });
    await expect(lists).toHaveCount(2);
    for (const place of [0, 1]) await expect(lists.nth(place).getByRole('row')).toHaveCount(101);
    await expect(lists.first()).toContainText(/£\d/);
  });

  test('experiments: the one that runs, half of the shoppers each', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Experiments' }).click();
    const row = page.getByRole('row').filter({ hasText: 'dat-vs-two-tower' });
    await expect(row).toContainText('running');
    await expect(row).toContainText(/two-tower 50\s?% · dat 50\s?%/);
  });

  test('API keys: a new one is shown once, opens the service, and does not once it is revoked', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'API keys' }).click();
    await page.getByLabel('Name').fill('A till');
    await page.getByLabel('Requests a second').fill('50');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const key = (await page.getByRole('status').locator('code').textContent()) ?? '';
    expect(key).toMatch(/^duet_[\w-]{40}$/);
    const item = () =>
      fetch(`${addresses().retrieval}/v1/items/85123A`, { headers: { authorization: `Bearer ${key}` } });
    expect((await item()).headers.get('ratelimit-policy')).toContain('q=1000');

    const row = page.getByRole('row').filter({ hasText: 'A till' });
    await expect(row).toContainText('50/s');
    await expect(row).toContainText('retrieve, events');
    await page.reload();
    await expect(page.getByRole('main')).not.toContainText(key);
    await row.getByRole('button', { name: 'Revoke A till' }).click();
    await row.getByRole('button', { name: 'Revoke', exact: true }).click();
    await expect(row).toContainText('revoked');
    await expect.poll(async () => (await item()).status).toBe(401);
  });
});
