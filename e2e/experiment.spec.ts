import type { Page } from '@playwright/test';
import { expect, logIn, test } from './fixtures.ts';

test('an experiment is made, started, stopped and decided in the admin, and every step is written down', async ({
  page,
}) => {
  await logIn(page);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Experiments' }).click();
  await page.getByRole('link', { name: 'New experiment' }).click();
  await page.getByLabel('Name', { exact: true }).fill('cheaper-first');
  await page.getByLabel('Name of arm 2').fill('cheaper');
  await page.getByLabel('Traffic, %').fill('10');

  // The calculator stands beside the form and follows it: more days find smaller changes.
  const power = page.getByRole('complementary', { name: 'Power' });
  // It is worked out while the form is there already.
  await expect(power).toContainText('The history says nothing of click-through rate', { timeout: 30_000 });
  await page.getByLabel('Primary metric').selectOption('ordersPerUser');
  const found = async () => Number((await power.getByText(/^± [\d.]+\s?%$/).textContent())?.replace(/[^\d.]/g, ''));
  const before = await found();
  await page.getByLabel('Traffic, %').fill('100');
  expect(await found()).toBeLessThan(before);
  await page.getByLabel('Traffic, %').fill('10');

  await page.getByRole('button', { name: 'Add a guardrail' }).click();
  await page.getByLabel('Share, % of cheaper').fill('70');
  await page.getByRole('button', { name: 'Save as a draft' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'must sum to 1' })).toBeVisible();
  await page.getByRole('button', { name: 'Split evenly' }).click();
  await page.getByRole('button', { name: 'Save as a draft' }).click();

  await expect(page.getByText('A draft: nobody sees it yet')).toBeVisible();

  // The one that runs has everybody, so that this one would wait for shoppers in vain: it says so, and what mends it.
  await expect(page.getByText('It would get no user: "dat-vs-two-tower"')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeDisabled();
  const draft = page.url();
  await setTraffic(page, '80');
  await page.goto(draft);
  await expect(page.getByRole('listitem').filter({ hasText: /It would get [12]\.?\d* % of all users/ })).toBeVisible();

  await page.getByRole('button', { name: 'Start', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('is locked');
  await dialog.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByText('It runs: shoppers are dealt out')).toBeVisible();
  await expect(page.getByText(/^Locked\./).first()).toBeVisible();

  await page.getByLabel('Shopper', { exact: true }).fill('17850');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByText('sees control')).toBeVisible();
  await page.getByRole('button', { name: 'Remove the override of 17850' }).click();
  await expect(page.getByText('sees control')).toHaveCount(0);

  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await dialog.getByLabel('Why').fill('seen enough');
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('It was stopped')).toBeVisible();
  await page.getByRole('button', { name: 'Decide', exact: true }).click();
  await dialog.getByLabel('From now on everybody gets').selectOption('none');
  await dialog.getByLabel('Why').fill('too few orders');
  await dialog.getByRole('button', { name: 'Decide' }).click();
  await expect(page.getByText('It could not tell the arms apart. By admin')).toBeVisible();

  await page.getByRole('link', { name: 'Audit log' }).click();
  for (const step of ['created it', 'started it', 'changed it', 'stopped it', 'decided it']) {
    await expect(page.getByRole('row').filter({ hasText: step }).first()).toContainText('admin');
  }
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Experiments' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'cheaper-first' })).toContainText('could not tell');
  await setTraffic(page, '100');
});

/** Changes how many shoppers the experiment that `duet start` made takes. */
async function setTraffic(page: Page, percent: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Experiments' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Experiments' })).toBeVisible();
  await page.getByRole('link', { name: 'dat-vs-two-tower' }).click();
  await page.getByRole('link', { name: 'Set-up' }).click();
  await page.getByLabel('Traffic, %').fill(percent);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
}
