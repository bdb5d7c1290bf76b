import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is set by system.ts.`);
  return value;
};

/** Where the system under test answers. */
export const addresses = () => ({
  admin: required('E2E_ADMIN_URL'),
  storefront: required('E2E_STOREFRONT_URL'),
  retrieval: required('E2E_RETRIEVAL_URL'),
});

/** A secret that `duet start` made. */
export const secretOf = (name: string): string =>
  readFileSync(path.join(required('E2E_DATA_DIR'), 'keys', `${name}.key`), 'utf8').trim();

/** One procedure of the retrieval service, as any HTTP client calls it. */
export async function query<T>(procedure: string, input: unknown, key: string): Promise<T> {
  const url = `${addresses().retrieval}/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  expect(response.status, await response.clone().text()).toBe(200);
  const { result } = (await response.json()) as { result: { data: T } };
  return result.data;
}

/** A test whose pages must not complain: a console error or an uncaught one fails it. */
export const test = base.extend<{ quiet: undefined }>({
  quiet: [
    async ({ context }, use) => {
      const complaints: string[] = [];
      context.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
      });
      context.on('weberror', (thrown) => complaints.push(thrown.error().message));
      await use(undefined);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Logs in as the first account, which every installation begins with. */
export async function logIn(page: Page): Promise<void> {
  await page.goto(`${addresses().admin}/`);
  await page.getByLabel('E-mail').fill('admin@localhost');
  await page.getByLabel('Password').fill(secretOf('admin-password'));
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
}

/** Goes into the storefront as one of its real customers. */
export async function shopAs(page: Page, userId: string): Promise<void> {
  await page.goto(`${addresses().storefront}/shoppers?q=${userId}`);
  await page.getByRole('button', { name: `Customer ${userId}` }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Recommended for you' })).toBeVisible();
}
