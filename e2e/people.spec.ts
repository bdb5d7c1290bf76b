import { addresses, expect, logIn, test } from './fixtures.ts';

const admin = () => addresses().admin;

test('a colleague with fewer rights: invited, they join, see what they may not do, and are refused it', async ({
  page,
  browser,
}) => {
  await logIn(page);
  await page.goto(`${admin()}/people`);
  await page.getByLabel('E-mail').fill('Mia@shop.example');
  await page.getByLabel('Name').fill('Mia');
  await page.getByLabel('Role').selectOption('merchandiser');
  await page.getByRole('button', { name: 'Invite' }).click();
  const link = (await page.getByRole('status').locator('code').textContent()) ?? '';
  expect(link).toMatch(/\/invitation\/[\w-]{32}$/);
  await page.reload();
  await expect(page.getByRole('main')).not.toContainText('/invitation/');
  await expect(page.getByRole('row').filter({ hasText: 'mia@shop.example' })).toContainText('invited');

  await using context = await browser.newContext();
  const mia = await context.newPage();
  await mia.goto(link);
  await mia.getByLabel('New password').fill('mia@shop.example');
  await mia.getByRole('button', { name: 'Join' }).click();
  await expect(mia.getByRole('alert').filter({ hasText: /guessed/ })).toBeVisible();
  await mia.getByLabel('New password').fill('wednesday-lamp-otter');
  await mia.getByRole('button', { name: 'Join' }).click();
  const navigation = mia.getByRole('navigation', { name: 'Main' });
  await expect(navigation).toBeVisible();
  await expect(navigation.getByRole('link', { name: 'People' })).toHaveCount(0);

  // What she may: rules.
  const shop = `${admin()}/datasets/online-retail`;
  await mia.goto(`${shop}/rules`);
  await expect(mia.getByRole('button', { name: 'Add rule' })).toBeVisible();
  // What she may not: it is not offered, and its page is refused.
  await mia.goto(`${shop}/experiments`);
  await expect(mia.getByRole('heading', { level: 1, name: 'Experiments' })).toBeVisible();
  await expect(mia.getByRole('link', { name: 'New experiment' })).toHaveCount(0);
  for (const place of ['/people', '/keys', '/datasets/online-retail/experiments/new']) {
    expect((await context.request.get(`${admin()}${place}`)).status(), place).toBe(403);
  }
  expect((await context.request.get(link)).status(), 'the link was used').toBe(200);
  await mia.goto(link);
  await expect(mia.getByRole('heading', { name: 'This link works no longer' })).toBeVisible();

  // Her role is taken away while she is logged in: that session is over.
  await page.getByRole('link', { name: 'Mia' }).click();
  await page.getByLabel('Role').selectOption('viewer');
  await page.getByRole('button', { name: 'Change role' }).click();
  await mia.goto(`${shop}/rules`);
  await expect(mia.getByLabel('Password')).toBeVisible();
});
