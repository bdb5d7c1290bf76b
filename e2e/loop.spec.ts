import { addresses, expect, logIn, shopAs, test } from './fixtures.ts';

test('what a customer sees, opens and buys arrives in the admin, in their arm', async ({ page, context }) => {
  const userId = '14911';
  await shopAs(page, userId);
  const card = page.getByRole('article').first();
  await expect(card).toBeVisible();

  // An impression counts after a second in view; the shop's own panel tells when Duet has it.
  await page.getByRole('button', { name: 'Behind the scenes' }).click();
  await expect(page.getByTestId('event-counts')).toContainText(/[1-9]\d* acknowledged/);

  await page.getByRole('button', { name: 'Close' }).click();

  await card.getByRole('link').click();
  await page.waitForURL('**/item/*');
  const title = await page.getByRole('heading', { level: 1 }).textContent();
  await page.getByRole('button', { name: 'Add to basket' }).click();
  await page.getByRole('link', { name: 'Basket, 1 item' }).click();
  await page.getByRole('button', { name: 'Buy' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Thank you!' })).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: title! })).toBeVisible();

  const admin = await context.newPage();
  await logIn(admin);
  await admin.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Experiments' }).click();
  const events = admin.getByRole('table', { name: 'Newest events' });
  const userRows = events.getByRole('row').filter({ hasText: userId });
  for (const type of ['click', 'order']) {
    const row = userRows.filter({ has: admin.getByRole('cell', { name: type, exact: true }) });
    await expect(row.first()).toContainText(/two-tower|dat/);
  }
  const order = userRows.filter({ has: admin.getByRole('cell', { name: 'order', exact: true }) });
  await expect(order.first()).toContainText(title!, { ignoreCase: true });
  await expect(order.first()).toContainText(/£\d+\.\d\d/);

  await admin.getByRole('link', { name: 'dat-vs-two-tower' }).first().click();
  await expect(admin).toHaveURL(new RegExp(`^${addresses().admin}/datasets/online-retail/experiments/`));
  for (const figure of ['Shoppers exposed', 'Impressions', 'Clicks', 'Orders']) {
    const term = admin.getByText(figure, { exact: true }).first();
    await expect(term.locator('xpath=following-sibling::dd[1]')).toHaveText(/^[1-9][\d,]*$/);
  }
});
