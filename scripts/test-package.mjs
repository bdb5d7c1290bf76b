#!/usr/bin/env node
/**
 * The `test` script of every package: runs its tests, and leaves their count in test-results/unit.json, which turbo
 * keeps with the output. So scripts/stages.mjs also counts a package whose tests need not run again.
 *
 *   npm test -w packages/db                      all tests of the package
 *   npm test -w packages/db -- src/lock.test.ts  these files alone
 *   … --report guides                            the count in test-results/guides.json
 */
import fs from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { parallel } from './parallel.mjs';

const { values: options, positionals: named } = parseArgs({
  allowPositionals: true,
  options: { report: { type: 'string', default: 'unit' } },
});
const found = () =>
  fs.globSync('**/*.test.{ts,mjs}', { exclude: (name) => ['node_modules', '.next', 'build'].includes(name) }).sort();
const files = (named.length > 0 ? fs.globSync(named).sort() : found()).map((file) => path.resolve(file));

const reportFile = `test-results/${options.report}.json`;
// What an earlier run left says nothing of one that does not come to its end.
fs.rmSync(reportFile, { force: true });

const report = { passed: 0, failed: 0, skipped: 0, files: [] };
const events = run({
  files,
  concurrency: parallel,
  timeout: 300_000,
});
events.on('test:complete', ({ name, file, details }) => {
  if (name === file)
    report.files.push({ file: path.relative('.', file), seconds: Math.round(details.duration_ms) / 1000 });
});
events.on('test:summary', ({ file, counts, success }) => {
  if (file !== undefined) return;
  const failed = counts.failed + counts.cancelled;
  // A runner that ended badly without naming a test has failed all the same.
  Object.assign(report, { passed: counts.passed, skipped: counts.skipped, failed: failed || (success ? 0 : 1) });
});
events.on('end', () => {
  report.files.sort((a, b) => b.seconds - a.seconds);
  fs.mkdirSync(path.dirname(reportFile), { recursive: true });
  fs.writeFileSync(reportFile, `${JSON.stringify(report, undefined, 2)}\n`);
  process.exitCode = report.failed > 0 ? 1 : 0;
});
events.compose(new spec()).pipe(process.stdout);
