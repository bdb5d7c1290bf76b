#!/usr/bin/env node
/**
 * The `test` script of every package: runs its tests, and leaves their count, what failed, and what each file took in
 * test-results/unit.json, which turbo keeps with the output. So scripts/stages.mjs also counts a package whose tests
 * need not run again.
 *
 *   npm test -w packages/db                      all tests of the package
 *   npm test -w packages/db -- src/lock.test.ts  these files alone
 *
 * `--report docs` names the file otherwise than unit, `--minutes 10` gives each test file longer than five. With
 * `--together` all test files run in one process, which loads what they share once, but for those that `--apart FILE`
 * names: that set what a process has once, or end it.
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
  options: {
    report: { type: 'string', default: 'unit' },
    minutes: { type: 'string', default: '5' },
    together: { type: 'boolean', default: false },
    apart: { type: 'string', multiple: true, default: [] },
  },
});
const found = () =>
  fs.globSync('**/*.test.{ts,mjs}', { exclude: (name) => ['node_modules', '.next', 'build'].includes(name) }).sort();
const files = (named.length > 0 ? fs.globSync(named).sort() : found()).map((file) => path.resolve(file));
const apart = values.apart.map((file) => path.resolve(file));
const isTogether = (file) => values.together && !apart.includes(file);

const reportFile = `test-results/${values.report}.json`;
// What an earlier run left says nothing of one that does not come to its end.
fs.rmSync(reportFile, { force: true });

const report = { passed: 0, failed: 0, skipped: 0, failures: [], files: [] };
const notes = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'duet-cpu-')), 'notes');

const limitMs = Number(values.minutes) * 60_000;

/** Runs test files, and adds what became of them to the report. */
async function runFiles(files, how) {
  const events = run({ files, timeout: limitMs, ...how });
  const failures = notedFailures(events);
  const seconds = new Map();
  events.on('test:complete', ({ name, nesting, file, details }) => {
    if (nesting === 0 && (how.isolation === 'none' || name === file))
      seconds.set(file, (seconds.get(file) ?? 0) + details.duration_ms / 1000);
  });
  events.on('test:summary', ({ file, counts, success }) => {
    if (file !== undefined) return;
    const failed = counts.failed + counts.cancelled;
    report.passed += counts.passed;
    report.skipped += counts.skipped;
    // A runner that ended badly without naming a test has failed all the same.
    report.failed += failed || (success ? 0 : 1);
  });
  // One process ends when nothing keeps it: what a test left open would do so for ever.
  const silence = Promise.withResolvers();
  const timer = setTimeout(() => silence.resolve(true), limitMs + 30_000).unref();
  const printing = (async () => {
    for await (const text of events.compose(new spec())) {
      process.stdout.write(text);
      timer.refresh();
    }
  })();
  const isSilent = await Promise.race([printing, silence.promise]);
  clearTimeout(timer);
  for (const [file, took] of seconds)
    report.files.push({ file: path.relative('.', file), seconds: Math.round(took * 1000) / 1000 });
  report.failures.push(...failures());
  if (isSilent) {
    const message = 'It did not end after its last test: something was left open, or a test hangs.';
    report.failures.push({ place: report.files.at(-1)?.file ?? '.', title: 'the run', message });
    report.failed++;
  }
}

/** What the files noted of themselves; one that was killed could not. */
function cpuSecondsByFile() {
  const noted = fs.existsSync(notes) ? fs.readFileSync(notes, 'utf8').trim().split('\n') : [];
  fs.rmSync(path.dirname(notes), { recursive: true });
  return new Map(noted.map((line) => JSON.parse(line)).map(({ file, cpuSeconds }) => [file, cpuSeconds]));
}

const processes = files.filter((file) => !isTogether(file));
const isolated = { concurrency: parallel, execArgv: ['--import', new URL('cpu-seconds.mjs', import.meta.url).href] };
if (processes.length > 0) await runFiles(processes, { ...isolated, env: { ...process.env, DUET_CPU_NOTES: notes } });
const together = files.filter(isTogether);
if (together.length > 0) await runFiles(together, { isolation: 'none' });

const cpuSeconds = cpuSecondsByFile();
report.files = report.files.map((one) => ({ ...one, cpuSeconds: cpuSeconds.get(path.resolve(one.file)) }));
fs.mkdirSync(path.dirname(reportFile), { recursive: true });
fs.writeFileSync(reportFile, `${JSON.stringify(report, undefined, 2)}\n`);
process.exit(report.failed > 0 ? 1 : 0);
