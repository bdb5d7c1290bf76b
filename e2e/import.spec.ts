import { addresses, expect, logIn, test } from './fixtures.ts';

const orders = [
  'shopper;article;when;pieces;amount',
  ...Array.from({ length: 30 }, (_, n) => `s${n % 6};a${n % 5};2026-01-${10 + (n % 15)} 10:00;1;${n % 9},50`),
  ';a1;2026-01-10 10:00;1;2,50',
].join('\n');
const products = ['sku,title,category,price', ...[0, 1, 2, 3, 4].map((n) => `a${n},Thing ${n},Things,${n}.50`)].join(
  '\n',
);
const file = (name: string, text: string) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });

test('a dataset is made of files in the browser: dropped, recognised, mapped, looked at, imported', async ({
  page,
}) => {
  await logIn(page);
  await page.goto(`${addresses().admin}/datasets`);
  await page.getByRole('link', { name: 'New dataset' }).click();
  await page.getByLabel('Choose files').setInputFiles([file('orders.csv', orders), file('goods.csv', products)]);

  // What is recognised is filled in; what is not is asked for, and said.
  await expect(page.getByLabel('What goods.csv holds')).toHaveValue('items');
  await page.getByLabel('What orders.csv holds').selectOption('interactions');
  await expect(page.getByRole('alert').filter({ hasText: 'the user' })).toContainText('orders.csv');
  const columns = page.locator('section', { hasText: 'Columns of the orders or events' });
  await columns.getByLabel('Shopper').selectOption('shopper');
  await columns.getByLabel('Product', { exact: true }).selectOption('article');
  await expect(page.getByText('NO COLUMN FOR THE TIME')).toBeVisible();
  await columns.getByLabel('Time', { exact: true }).selectOption('when');
  await columns.getByLabel('Value of the row').selectOption('amount');
  await expect(page.getByRole('table', { name: 'Orders and events as they would be stored' })).toContainText(
    '2026-01-10',
  );
  await expect(page.getByRole('table', { name: 'Products as they would be stored' })).toContainText('Thing 4');
  await expect(page.getByRole('table', { name: 'Rows that are left out' })).toContainText('orders.csv, line 32');
  await expect(page.getByRole('main')).not.toContainText('/uploads');

  // The page can be closed and opened again.
  await page.reload();
  await expect(columns.getByLabel('Value of the row')).toHaveValue('amount');
  await expect(page.getByRole('table', { name: 'Rows that are left out' })).toBeVisible();
  await page.getByLabel('Name of the dataset').fill('from the browser');
  await page.getByRole('button', { name: 'Import', exact: true }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'from the browser is imported' })).toBeVisible();
  await page.getByRole('link', { name: 'Train a model' }).click();
  await expect(page.getByRole('combobox', { name: 'Dataset' })).toHaveValue('from the browser');
});
