#!/usr/bin/env node
/**
 * The `test` script of every package: runs its tests, and leaves their count, what failed, and what each file took in
 * test-results/unit.json, which turbo keeps with the output. So scripts/stages.mjs also counts a package whose tests
 * need not run again.
 *
 *   npm test -w packages/db                      all tests of the package
 *   npm test -w packages/db -- src/lock.test.ts  these files alone
 *
 * `--report docs` names the file otherwise than unit, `--minutes 10` gives each test file longer than five.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { notedFailures } from './failures.mjs';
import { parallel } from './parallel.mjs';

const { values, positionals: named } = parseArgs({
  allowPositionals: true,
  options: { report: { type: 'string', default: 'unit' }, minutes: { type: 'string', default: '5' } },
});
const found = () =>
  fs.globSync('**/*.test.{ts,mjs}', { exclude: (name) => ['node_modules', '.next', 'build'].includes(name) }).sort();
const files = (named.length > 0 ? fs.globSync(named).sort() : found()).map((file) => path.resolve(file));

const reportFile = `test-results/${values.report}.json`;
// What an earlier run left says nothing of one that does not come to its end.
fs.rmSync(reportFile, { force: true });

const report = { passed: 0, failed: 0, skipped: 0, failures: [], files: [] };
const notes = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'duet-cpu-')), 'notes');
const events = run({
  files,
  concurrency: parallel,
  timeout: Number(values.minutes) * 60_000,
  execArgv: ['--import', new URL('cpu-seconds.mjs', import.meta.url).href],
  env: { ...process.env, DUET_CPU_NOTES: notes },
});
const failures = notedFailures(events);
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

/** What the files noted of themselves; one that was killed could not. */
function cpuSecondsByFile() {
  const noted = fs.existsSync(notes) ? fs.readFileSync(notes, 'utf8').trim().split('\n') : [];
  fs.rmSync(path.dirname(notes), { recursive: true });
  return new Map(noted.map((line) => JSON.parse(line)).map(({ file, cpuSeconds }) => [file, cpuSeconds]));
}

events.on('end', () => {
  const cpuSeconds = cpuSecondsByFile();
  report.failures = failures();
  report.files = report.files.map((one) => ({ ...one, cpuSeconds: cpuSeconds.get(path.resolve(one.file)) }));
  report.files.sort((a, b) => (b.cpuSeconds ?? 0) - (a.cpuSeconds ?? 0));
  fs.mkdirSync(path.dirname(reportFile), { recursive: true });
  fs.writeFileSync(reportFile, `${JSON.stringify(report, undefined, 2)}\n`);
  process.exitCode = report.failed > 0 ? 1 : 0;
});
events.compose(new spec()).pipe(process.stdout);
