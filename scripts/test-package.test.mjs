import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const runner = path.join(import.meta.dirname, 'test-package.mjs');

/** Runs the tests of a package that consists of these files. */
function runPackage(files, ...args) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-package-'));
  try {
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
    // A runner within a runner would only report to that one.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const { status } = spawnSync(process.execPath, [runner, ...args], { cwd: folder, env });
    const report = path.join(folder, 'test-results/unit.json');
    return { status, report: fs.existsSync(report) ? JSON.parse(fs.readFileSync(report, 'utf8')) : undefined };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const passing = `import { test } from 'node:test';
  test('a', () => {});
  test('b', () => {});
  test('not here', { skip: true }, () => {});`;
const failing = `import { test } from 'node:test';
  test('c', () => { throw new Error('no'); });`;

test('what passed, failed and was left out is counted', () => {
  const { status, report } = runPackage({ 'one.test.mjs': passing, 'two.test.mjs': failing });
  assert.equal(status, 1);
  assert.deepEqual([report.passed, report.failed, report.skipped], [2, 1, 1]);
  assert.deepEqual(report.files.map(({ file }) => file).sort(), ['one.test.mjs', 'two.test.mjs']);
  assert.ok(report.files.every(({ cpuSeconds }) => cpuSeconds > 0 && cpuSeconds < 60));
});

test('each failure is named, with the tests around it and its error in one line; one that a hook cancelled comes last', () => {
  const nested = `import assert from 'node:assert/strict';
    import { before, describe, test } from 'node:test';
    describe('no hook', () => {
      before(() => { throw new Error('hook'); });
      test('is not run', () => {});
    });
    describe('outer', () => describe('inner', () => test('c', () => assert.equal(1, 2))));`;
  const { report } = runPackage({ 'one.test.mjs': nested, 'two.test.mjs': "import './nowhere.mjs';" });
  const [hook, inner, file, cancelled, ...more] = report.failures;
  assert.deepEqual(hook, { place: 'one.test.mjs', title: 'no hook', message: 'hook' });
  assert.deepEqual(
    [inner.title, inner.message],
    ['outer › inner › c', 'Expected values to be strictly equal: 1 !== 2'],
  );
  assert.deepEqual([file.place, file.title], ['two.test.mjs', 'the file']);
  assert.match(file.message, /ERR_MODULE_NOT_FOUND.*nowhere/);
  assert.deepEqual([cancelled.title, more], ['no hook › is not run', []]);
});

test('in one process files count, fail and are named as in processes of their own', () => {
  const broken = "import './nowhere.mjs';";
  const files = { 'one.test.mjs': passing, 'two.test.mjs': failing, 'three.test.mjs': passing };
  const { status, report } = runPackage(files, '--together', '--apart', 'three.test.mjs');
  assert.equal(status, 1);
  assert.deepEqual([report.passed, report.failed, report.skipped], [4, 1, 2]);
  assert.deepEqual(report.failures, [{ place: 'two.test.mjs', title: 'c', message: 'no' }]);
  assert.deepEqual(report.files.map(({ file }) => file).sort(), ['one.test.mjs', 'three.test.mjs', 'two.test.mjs']);
  const { status: ended, report: told } = runPackage({ 'one.test.mjs': broken, 'two.test.mjs': passing }, '--together');
  assert.deepEqual([ended, told?.passed], [1, 2]);
});

test('files that are named run alone', () => {
  const { status, report } = runPackage({ 'one.test.mjs': passing, 'two.test.mjs': failing }, 'one.*');
  assert.equal(status, 0);
  assert.deepEqual([report.passed, report.failed], [2, 0]);
});

test('a file that ends before its tests do has failed', () => {
  const { status, report } = runPackage({ 'one.test.mjs': 'process.exit(3);', 'two.test.mjs': passing });
  assert.equal(status, 1);
  assert.ok(report.failed >= 1);
});

test('a package without tests passes with none', () => {
  const { status, report } = runPackage({ 'package.json': '{}' });
  assert.equal(status, 0);
  assert.deepEqual([report.passed, report.failed], [0, 0]);
});
