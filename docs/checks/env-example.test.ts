import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envExample } from './env-example.ts';
import { read } from './pages.ts';

test('.env.example has every setting of the configuration (node docs/checks/env-example.ts makes it again)', () => {
  assert.equal(read('.env.example'), envExample());
});
