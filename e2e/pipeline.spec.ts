import { addresses, expect, logIn, test } from './fixtures.ts';

/** Where the pages of the example's dataset are. */
const shop = () => `${addresses().admin}/datasets/online-retail`;

test('pipeline: a model is registered, its schedule is changed, and a wrong one is refused in words', async ({
  page,
}) => {
  await logIn(page);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Pipeline' }).click();
  await page.getByRole('link', { name: 'Register a model' }).first().click();
  await page.getByLabel('Name').fill('Not a name');
  await page.getByLabel('A new version is made').selectOption('When somebody asks');
  await page.getByRole('button', { name: 'Register' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'must be of a–z' })).toBeVisible();
  await page.getByLabel('Name').fill('e2e');
  await page.getByLabel('What passes the gate').selectOption('waits for a person');
  await page.getByRole('button', { name: 'Register' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('e2e');
  const main = page.getByRole('main');
  await expect(main).toContainText('A new version is made when somebody asks');
  await page.getByLabel('A new version is made').selectOption('By a cron expression');
  await page.getByLabel('Cron').fill('61 3 * * *');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert').filter({ hasText: '"61 3 * * *" is no schedule' })).toBeVisible();
  await page.getByLabel('A new version is made').selectOption('Every week');
  await page.getByLabel('Time zone').fill('Europe/London');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(main).toContainText('every Monday at 03:00 (Europe/London), next on');
  await page.goto(`${shop()}/pipeline`);
  const card = page.locator('section').filter({ has: page.getByRole('heading', { name: /^e2e/ }) });
  await expect(card).toContainText('no champion yet');
  await expect(card).toContainText('It has not been run yet');
  await expect(card.getByRole('button', { name: 'Run now' })).toBeEnabled();
});
