import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPath } from './next-path.ts';

test('after the log-in a path of this app follows, never another site’s, however it is written', () => {
  for (const path of ['/', '/keys', '/datasets/shop%20one/rules?page=2#pins']) assert.equal(nextPath(path), path);
  const elsewhere = ['//evil.example', '/\\evil.example', '/\t/evil.example/x', '/\n/evil.example', '\\\\evil.example'];
  for (const path of [...elsewhere, 'https://evil.example/', 'javascript:alert(1)', '/.//evil.example', '', 'keys']) {
    assert.equal(nextPath(path), '/', JSON.stringify(path));
  }
});
