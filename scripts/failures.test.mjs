import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { endToEndFailures, failureLines, taskFailure, tellingLine } from './failures.mjs';

test("Playwright's failures are named with file, line and titles, and so is a run that could not begin", () => {
  // The form of JSONReport in @playwright/test/types/testReporter.d.ts.
  const failed = { status: 'unexpected', results: [{ error: { message: '\u001b[31mError: no button\n  at x' } }] };
  const passed = { status: 'expected', results: [{}] };
  const spec = (title, one) => ({ title, file: 'admin.spec.ts', line: 7, tests: [one] });
  const report = {
    errors: [{ message: 'Error: no system' }],
    suites: [
      {
        title: 'admin.spec.ts',
        specs: [],
        suites: [{ title: 'rules', specs: [spec('a', failed), spec('b', passed)] }],
      },
    ],
  };
  assert.deepEqual(failureLines(endToEndFailures(report)), [
    'FAIL e2e: the run: Error: no system',
    'FAIL e2e/admin.spec.ts:7: rules › a: Error: no button at x',
  ]);
  assert.deepEqual(endToEndFailures({}), []);
});

test('a task that names no test tells the first line of its log that speaks of an error, else the last', () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-task-'));
  try {
    fs.writeFileSync(path.join(root, 'log'), '> tsc -p .\nsrc/a.ts(1,2): error TS2304: no name\nerror more\n');
    const failure = taskFailure({ taskId: '//#typecheck', logFile: 'log' }, root);
    assert.deepEqual(failureLines([failure]), ['FAIL //#typecheck: the task: src/a.ts(1,2): error TS2304: no name']);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
  const biome =
    'ci ━━━\nsrc/a.ts:3:9 lint/useBlock  FIXABLE  ━━━━━\n\n  × Add a newline.\n\n  × Some errors were emitted.\n';
  assert.equal(tellingLine(biome), 'src/a.ts:3:9 lint/useBlock FIXABLE × Add a newline.');
  assert.equal(tellingLine('one\ntwo\n\n'), 'two');
  assert.match(taskFailure({ taskId: 'x#test' }, root).message, /nothing/);
});

test('of very many failures the first are named and the rest counted', () => {
  const lines = failureLines(Array.from({ length: 100 }, () => ({ place: 'a', title: 'b', message: 'c' })));
  assert.equal(lines.length, 61);
  assert.equal(lines.at(-1), '… and 40 more');
});
