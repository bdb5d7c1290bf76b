import { addresses, expect, query, secretOf, shopAs, test } from './fixtures.ts';

interface Retrieved {
  known: boolean;
  experiment?: { name: string };
  arm?: { name: string };
  items: { title: string; category: string | null; priceMinor: number | null }[];
}

const pounds = (minor: number) =>
  new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'GBP' }).format(minor / 100);

test('a customer sees what Duet retrieves for them, by name, category and price', async ({ page }) => {
  const userId = '17850';
  const answer = await query<Retrieved>('retrieve', { userId, k: 24, placement: 'e2e' }, secretOf('storefront-api'));
  expect(answer.known).toBe(true);
  expect(answer.experiment?.name).toBe('dat-vs-two-tower');
  expect(['two-tower', 'dat']).toContain(answer.arm?.name);

  await shopAs(page, userId);
  const cards = page.getByRole('region', { name: 'Recommended for you' }).getByRole('article');
  await expect(cards).toHaveCount(answer.items.length);
  for (const place of [0, 1, 11]) {
    const { title, category, priceMinor } = answer.items[place]!;
    // The shop writes the data's capitals as a shop would.
    await expect(cards.nth(place)).toContainText(title, { ignoreCase: true });
    await expect(cards.nth(place)).toContainText(category!);
    await expect(cards.nth(place)).toContainText(pounds(priceMinor!));
  }
});

test('a new visitor sees popular items', async ({ page }) => {
  await page.goto(`${addresses().storefront}/`);
  await expect(page.getByText('here is what our shoppers love')).toBeVisible();
  await expect(page.getByRole('article').first()).toContainText(/£\d/);
  await expect(page.getByRole('region', { name: 'Trending this week' }).getByRole('article')).toHaveCount(4);
});

test('who comes by a link to an item can buy it, and is the same visitor on the next page', async ({ page }) => {
  await page.goto(`${addresses().storefront}/item/85123A`);
  await expect(page.getByRole('region', { name: 'Often bought together' }).getByRole('article')).toHaveCount(4);
  await page.getByRole('button', { name: 'Add to basket' }).click();
  await page.getByRole('link', { name: 'Basket, 1 item' }).click();
  await page.getByRole('button', { name: 'Buy' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Thank you!' })).toBeVisible();
});

test('a shopper finds items by category, by words, by what sells now, and what to buy again', async ({ page }) => {
  await page.goto(`${addresses().storefront}/categories`);
  const link = page.getByRole('navigation', { name: 'Categories' }).getByRole('link').first();
  const category = (await link.textContent())!;
  await link.click();
  await expect(page.getByRole('heading', { level: 1, name: category })).toBeVisible();
  await expect(page.getByRole('region', { name: category }).getByRole('article').first()).toContainText(category);

  await page.getByRole('searchbox', { name: 'Search the shop' }).fill('lantern');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Found for “lantern”' })).toBeVisible();
  await expect(page.getByRole('article').first()).toContainText(/lantern/i);

  await page.getByRole('link', { name: 'Trending' }).click();
  for (const name of ['Trending this week', 'Best sellers of the month', 'New in the shop']) {
    await expect(page.getByRole('region', { name }).getByRole('article').first()).toBeVisible();
  }
  await shopAs(page, '17850');
  await page.getByRole('link', { name: 'Buy again' }).click();
  await expect(page.getByRole('region', { name: 'Due again' }).getByRole('article').first()).toBeVisible();
});

test('a list goes on, and a basket says what goes with it, both asked by the page itself', async ({ page }) => {
  await page.goto(`${addresses().storefront}/`);
  const list = page.getByRole('region', { name: 'Recommended for you' });
  await list.getByRole('button', { name: 'Show more' }).click();
  await expect(list.getByRole('article')).toHaveCount(48);
  await list.getByRole('article').first().getByRole('button', { name: /^Add/ }).click();
  await page.getByRole('link', { name: 'Basket, 1 item' }).click();
  await expect(page.getByRole('region', { name: 'Goes well with your basket' }).getByRole('article')).toHaveCount(4);
});
