/**
 * The stages of `npm test`, on Node 24. What turbo runs it runs once: a task whose inputs are those of a run that
 * passed is counted from its cache. Every stage runs even where one before it failed; a task that is no test runner
 * counts as one test. The summary at the end names each test that failed; the last line is `N passed, N failed`.
 *
 *   npm test -- lint types        only the stages named
 *   npm test -- --force           everything anew, nothing from the cache
 *   npm test -- --affected        of packages, only those that differ from main, and what depends on them
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { endToEndFailures, failureLines, taskFailure } from './failures.mjs';
import { root } from './node24.mjs';
import { parallelTasks } from './parallel.mjs';

const minutes = 60_000;
/** The process group that is running now. */
let running;

const print = (text) => process.stdout.write(text);
const formatted = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Ends a whole process group, so that nothing a stage started outlives it. */
function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Runs a program with its output shown. Resolves to its exit code. */
function run(program, args, { env, timeoutMs }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DO_NOT_TRACK: '1', TURBO_TELEMETRY_DISABLED: '1', NEXT_TELEMETRY_DISABLED: '1', ...env },
    });
    running = child.pid;
    const timer = setTimeout(() => {
      print(`\nStopped: it ran longer than ${timeoutMs / minutes} minutes.\n`);
      endGroup(child.pid, 'SIGTERM');
      setTimeout(() => endGroup(child.pid, 'SIGKILL'), 15_000).unref();
    }, timeoutMs);
    const end = (code) => {
      clearTimeout(timer);
      running = undefined;
      resolve(code);
    };
    child.on('error', (error) => {
      print(`${error.message}\n`);
      end(1);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}

/** What decides over a test's outcome and is no file of the checkout: the Node, the machine, FAISS, the shared data. */
function describeMachine() {
  const builds = path.join(root, 'packages/ann/build');
  const stamps = fs.existsSync(builds) ? fs.readdirSync(builds).filter((name) => name.endsWith('.stamp')) : [];
  return JSON.stringify([
    ...[process.version, process.platform, process.arch, fs.existsSync(path.join(root, '../shared/data'))],
    ...stamps.sort().map((name) => fs.readFileSync(path.join(builds, name), 'utf8')),
  ]);
}

/** The URL of one PostgreSQL for all tests of the run, in which each makes a database of its own. */
async function testDatabaseUrl() {
  if (process.env.DUET_TEST_DATABASE_URL) return process.env.DUET_TEST_DATABASE_URL;
  const { startTestServer } = await import('@duet/db/testing');
  return startTestServer();
}

const turboRuns = path.join(root, '.turbo/runs');
const summaries = () => (fs.existsSync(turboRuns) ? fs.readdirSync(turboRuns) : []);

/** The tasks that packages have; the others are the checkout's own, which no package's change would count for. */
const ofPackages = ['typecheck', 'test'];

/** Runs tasks by turbo, beside each other where they do not wait for each other. Returns what became of each. */
async function runTasks(tasks, how) {
  if (!options.includes('--affected')) return runTurbo(tasks, how);
  const repositoryRuns = await runTurbo(
    tasks.filter((task) => !ofPackages.includes(task)),
    how,
  );
  const affected = await runTurbo(
    tasks.filter((task) => ofPackages.includes(task)),
    how,
    ['--affected'],
  );
  return { code: repositoryRuns.code || affected.code, ran: [...repositoryRuns.ran, ...affected.ran] };
}

async function runTurbo(tasks, { env = {}, timeoutMs }, more = []) {
  if (tasks.length === 0) return { code: 0, ran: [] };
  const before = new Set(summaries());
  const code = await run(
    path.join(root, 'node_modules/.bin/turbo'),
    [
      ...['run', ...tasks, '--continue=always', '--summarize', '--output-logs=new-only', '--log-order=grouped'],
      ...[`--concurrency=${parallelTasks}`, ...(options.includes('--force') ? ['--force'] : []), ...more],
    ],
    { env: { DUET_TEST_MACHINE: describeMachine(), ...env }, timeoutMs },
  );
  const written = summaries().find((name) => !before.has(name));
  const summary = written && JSON.parse(fs.readFileSync(path.join(turboRuns, written), 'utf8'));
  if (written) fs.rmSync(path.join(turboRuns, written));
  const ran = (summary?.tasks ?? []).filter(({ command }) => command !== '<NONEXISTENT>');
  // One that was cut off has no exit code.
  return { code, ran: ran.map((task) => ({ ...task, worked: task.execution?.exitCode === 0 })) };
}

const readJson = (file) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined);
const asOneTest = ({ worked }) => ({ passed: worked ? 1 : 0, failed: worked ? 0 : 1, failures: [] });

/**
 * The counts of what scripts/test-package.mjs ran. A runner that ended badly without naming a test has failed all the
 * same, and so has one that left no count: its `test` script is another.
 */
const countsOf =
  (name) =>
  ({ directory, worked }) => {
    const report = readJson(path.join(root, directory, `test-results/${name}.json`));
    if (report === undefined) return { passed: 0, failed: 1, failures: [] };
    return {
      passed: report.passed,
      failed: worked ? 0 : Math.max(1, report.failed),
      failures: report.failures.map((one) => ({ ...one, place: path.join(directory, one.place) })),
      files: report.files.map((one) => ({ ...one, file: path.join(directory, one.file) })),
    };
  };

function endToEndCounts({ worked }) {
  const report = readJson(path.join(root, 'test-results/e2e.json')) ?? {};
  const { expected = 0, flaky = 0, unexpected = 0 } = report.stats ?? {};
  return { passed: expected + flaky, failed: worked ? 0 : Math.max(1, unexpected), failures: endToEndFailures(report) };
}

/** The counts of a task; one that failed without naming a test is named itself. */
function counted(count, task) {
  const counts = count(task);
  if (task.worked) return { ...counts, failures: [] };
  return counts.failures.length > 0 ? counts : { ...counts, failures: [taskFailure(task, root)] };
}

/** In groups, one after another: what is quick and tells most, then the tests, then what is waited for by itself. */
const stages = [
  { name: 'lint', title: 'Lint and format', group: 1, tasks: ['lint', 'lint:native'], count: asOneTest },
  {
    name: 'types',
    title: 'Types',
    group: 1,
    tasks: ['typecheck', 'typecheck:node', 'typecheck:e2e'],
    count: asOneTest,
  },
  { name: 'layers', title: 'Layer rules', group: 1, tasks: ['layers'], count: asOneTest },
  { name: 'unused', title: 'Unused code', group: 1, tasks: ['unused'], count: asOneTest },
  {
    name: 'unit',
    title: 'Unit and integration, on a real PostgreSQL',
    group: 2,
    tasks: ['test', 'test:root'],
    count: countsOf('unit'),
  },
  { name: 'docs', title: 'What README and guides say, run', group: 2, tasks: ['test:docs'], count: countsOf('docs') },
  // By itself: one system and a browser, whose answers are waited for. What it builds first is built beside the others.
  {
    name: 'e2e',
    title: 'End to end, in a real Chromium',
    group: 3,
    tasks: ['test:e2e'],
    preparation: 'prepare:e2e',
    count: endToEndCounts,
  },
];

const args = process.argv.slice(2);
const options = args.filter((arg) => ['--force', '--affected'].includes(arg));
const requestedStages = args.filter((arg) => !options.includes(arg));
const unknown = requestedStages.find((name) => !stages.some((stage) => stage.name === name));
if (unknown !== undefined) {
  print(`There is no stage "${unknown}". Choose from ${stages.map(({ name }) => name).join(', ')}.\n`);
  process.exit(2);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (running !== undefined) endGroup(running, 'SIGTERM');
    process.exit(130);
  });
}

/** What a test file took; of one that shared its process it is known how long it took alone. */
const price = ({ cpuSeconds, seconds }) => cpuSeconds ?? seconds;
const sum = (values, key) => values.reduce((total, value) => total + value[key], 0);
const results = [];
const chosen = stages.filter(({ name }) => requestedStages.length === 0 || requestedStages.includes(name));
for (const number of [1, 2, 3]) {
  const group = chosen.filter((stage) => stage.group === number);
  if (group.length === 0) continue;
  const prepared = number === 2 ? chosen.flatMap(({ preparation }) => preparation ?? []) : [];
  print(`\n== ${group.map(({ title }) => title).join(' · ')} ==\n`);
  const began = performance.now();
  const env = group.some(({ name }) => name === 'unit') ? { DUET_TEST_DATABASE_URL: await testDatabaseUrl() } : {};
  const { code, ran } = await runTasks([...group.flatMap(({ tasks }) => tasks), ...prepared], {
    env,
    timeoutMs: 40 * minutes,
  });
  for (const { name, tasks, count } of group) {
    const stageTasks = ran.filter(({ task }) => tasks.includes(task));
    const counts = stageTasks.map((task) => counted(count, task));
    const times = stageTasks.filter(({ cache }) => cache.status !== 'HIT').map(({ execution }) => execution);
    results.push({
      ...{ name, passed: sum(counts, 'passed'), failed: sum(counts, 'failed') },
      failures: counts.flatMap(({ failures }) => failures),
      files: counts.flatMap(({ files }) => files ?? []).sort((a, b) => price(b) - price(a)),
      cached: stageTasks.length - times.length,
      tasks: stageTasks.length,
      ms:
        times.length === 0 ? 0 : Math.max(...times.map((t) => t.endTime)) - Math.min(...times.map((t) => t.startTime)),
    });
  }
  const last = results.at(-1);
  // turbo itself could not run, or what tasks wait for failed.
  if (code !== 0 && sum(results, 'failed') === 0) {
    last.failed = 1;
    const failed = ran.filter(({ worked }) => !worked).map((task) => taskFailure(task, root));
    last.failures =
      failed.length > 0 ? failed : [{ place: 'turbo', title: 'the run', message: `It ended with ${code}.` }];
  }
  print(`-- ${group.map(({ name }) => name).join(', ')}: ${formatted(performance.now() - began)}\n`);
}

const slowest = results.flatMap(({ files, cached, tasks }) => (cached < tasks ? files : [])).slice(0, 8);
if (slowest.length > 0) print('\nThe dearest test files:\n\n      CPU   elapsed\n');
const column = (seconds) => (seconds === undefined ? '?' : `${seconds.toFixed(1)} s`).padStart(9);
for (const { file, seconds, cpuSeconds } of slowest) print(`${column(cpuSeconds)} ${column(seconds)}  ${file}\n`);

print('\n== Summary ==\n');
for (const { name, passed, failed, ms, cached, tasks } of results) {
  const cacheNote = cached === 0 ? '' : `, ${cached} of ${tasks} tasks from the cache`;
  const counted = `${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed`;
  print(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${counted} ${formatted(ms).padStart(9)}${cacheNote}\n`);
}
for (const line of failureLines(results.flatMap(({ failures }) => failures))) print(`${line}\n`);
print(`${sum(results, 'passed')} passed, ${sum(results, 'failed')} failed\n`);
process.exitCode = sum(results, 'failed') > 0 || sum(results, 'passed') === 0 ? 1 : 0;
