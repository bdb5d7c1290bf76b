import { existsSync } from 'node:fs';
import { defineConfig, devices } from '@playwright/test';

// Debian's own Chromium; elsewhere the one that `npx playwright install chromium` brings.
const debian = '/usr/bin/chromium';

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results/e2e',
  globalSetup: './system.ts',
  // One system, whose events the tests look for: one after another.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: '../test-results/e2e.json' }]],
  use: {
    viewport: { width: 1280, height: 900 },
    // Duet counts nothing of a browser that says it is headless.
    userAgent: devices['Desktop Chrome'].userAgent,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(existsSync(debian) && { executablePath: debian }),
      // Chromium's sandbox does not start as root.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
});
