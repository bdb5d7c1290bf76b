import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { billOf, isAccepted, packagesOf, refused } from './sbom.mjs';

const lock = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package-lock.json'), 'utf8'));

test('every package that Duet is made of has a licence that was agreed to', () => {
  assert.deepEqual(refused(packagesOf(lock)), []);
});

test('a licence is accepted where one that may be chosen is, and nothing else', () => {
  for (const licence of ['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC', 'BSD-2-Clause OR MIT OR Apache-2.0']) {
    assert.equal(isAccepted(licence), true, licence);
  }
  for (const licence of ['GPL-3.0', 'MIT AND GPL-3.0', 'UNLICENSED', ''])
    assert.equal(isAccepted(licence), false, licence);
});

test('the bill names each package once, with version, licence and checksum', () => {
  const { components } = billOf(packagesOf(lock), '0.1.0');
  const zod = components.filter(({ name }) => name === 'zod');
  const { version, license, integrity } = lock.packages['node_modules/zod'];
  const one = zod.find((of) => of.version === version);
  assert.equal(one.purl, `pkg:npm/zod@${version}`);
  assert.deepEqual(one.licenses, [{ expression: license }]);
  assert.equal(one.hashes[0].alg, 'SHA-512');
  assert.equal(Buffer.from(one.hashes[0].content, 'hex').toString('base64'), integrity.slice('sha512-'.length));
  assert.equal(new Set(components.map(({ purl }) => purl)).size, components.length);
});
