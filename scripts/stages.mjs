/**
 * The stages of `npm test`, on Node 24, one after another. Every stage runs even where one before it failed; a stage
 * that is no test runner counts as one test. The last line is `N passed, N failed`.
 *
 *   npm test -- lint types        only the stages named
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './node24.mjs';

const bin = (name) => path.join(root, 'node_modules', '.bin', name);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-test-'));
const minutes = 60_000;
/** The stage's process group that is running now. */
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

/** Runs a program with its output shown and kept. */
function run(program, args, { env = {}, timeoutMs = 10 * minutes } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DO_NOT_TRACK: '1', TURBO_TELEMETRY_DISABLED: '1', NEXT_TELEMETRY_DISABLED: '1', ...env },
    });
    running = child.pid;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        print(text);
      });
    }
    const timer = setTimeout(() => {
      print(`\nStopped: it ran longer than ${timeoutMs / minutes} minutes.\n`);
      endGroup(child.pid, 'SIGTERM');
      setTimeout(() => endGroup(child.pid, 'SIGKILL'), 15_000).unref();
    }, timeoutMs);
    const end = (code) => {
      clearTimeout(timer);
      running = undefined;
      resolve({ code, output });
    };
    child.on('error', (error) => {
      print(`${error.message}\n`);
      end(1);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}

const asOneTest = ({ code }) => ({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 });

function lint() {
  return run(bin('biome'), ['ci', '--colors=off', '--max-diagnostics=50', '.']).then(asOneTest);
}

async function types() {
  // What Node runs is one program: package by package, tsc would read the lower ones again for each above.
  const args = ['run', 'typecheck', 'typecheck:node', '--continue=always', '--output-logs=new-only', '--concurrency=2'];
  const sources = await run(bin('turbo'), args);
  const tests = await run(bin('tsc'), ['-p', 'e2e']);
  return asOneTest({ code: sources.code || tests.code });
}

function layers() {
  return run(bin('depcruise'), ['--config', '.dependency-cruiser.mjs', 'packages', 'apps', 'e2e']).then(asOneTest);
}

function unused() {
  return run(bin('knip'), ['--no-progress']).then(asOneTest);
}

/** The URL of one PostgreSQL for all tests of the run, in which each makes a database of its own. */
async function testDatabaseUrl() {
  if (process.env.DUET_TEST_DATABASE_URL) return process.env.DUET_TEST_DATABASE_URL;
  const { startTestServer } = await import('@duet/db/testing');
  return startTestServer();
}

async function unitAndIntegration() {
  const files = fs.globSync(
    ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'scripts/*.test.mjs', 'bench/**/*.test.ts'],
    {
      cwd: root,
    },
  );
  const { code, output } = await run(
    process.execPath,
    ['--test', '--test-concurrency=2', '--test-timeout=300000', '--test-reporter=spec', ...files.sort()],
    { env: { DUET_TEST_DATABASE_URL: await testDatabaseUrl() }, timeoutMs: 17 * minutes },
  );
  const count = (name) => Number(output.match(new RegExp(`^ℹ ${name} (\\d+)$`, 'm'))?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  // A runner that ended badly without naming a test has failed all the same.
  return { passed: count('pass'), failed: failed === 0 && code !== 0 ? 1 : failed };
}

async function endToEnd() {
  const report = path.join(work, 'e2e.json');
  const { code } = await run(bin('playwright'), ['test', '--config', 'e2e/playwright.config.ts'], {
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' },
    timeoutMs: 15 * minutes,
  });
  const stats = fs.existsSync(report) ? JSON.parse(fs.readFileSync(report, 'utf8')).stats : undefined;
  const failed = stats?.unexpected ?? 0;
  return { passed: (stats?.expected ?? 0) + (stats?.flaky ?? 0), failed: failed === 0 && code !== 0 ? 1 : failed };
}

const stages = [
  { name: 'lint', title: 'Lint and format (biome)', run: lint },
  { name: 'types', title: 'Types (tsc)', run: types },
  { name: 'layers', title: 'Layer rules (dependency-cruiser)', run: layers },
  { name: 'unused', title: 'Unused code (knip)', run: unused },
  { name: 'unit', title: 'Unit and integration, on a real PostgreSQL', run: unitAndIntegration },
  { name: 'e2e', title: 'End to end, in a real Chromium', run: endToEnd },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  print(`There is no stage "${unknown[0]}". Choose from ${stages.map(({ name }) => name).join(', ')}.\n`);
  process.exit(2);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (running !== undefined) endGroup(running, 'SIGTERM');
    fs.rmSync(work, { recursive: true, force: true });
    process.exit(130);
  });
}

const results = [];
for (const stage of stages.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  print(`\n== ${stage.title} ==\n`);
  const began = performance.now();
  let result;
  try {
    result = await stage.run();
  } catch (error) {
    print(`${error.stack}\n`);
    result = { passed: 0, failed: 1 };
  }
  results.push({ ...stage, ...result, ms: performance.now() - began });
  print(
    `-- ${stage.name}: ${result.passed} passed, ${result.failed} failed, ${formatted(performance.now() - began)}\n`,
  );
}
fs.rmSync(work, { recursive: true, force: true });

print('\n== Summary ==\n');
for (const { name, passed, failed, ms } of results) {
  print(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${formatted(ms).padStart(9)}\n`,
  );
}
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
print(`${sum('passed')} passed, ${sum('failed')} failed\n`);
process.exitCode = sum('failed') > 0 || sum('passed') === 0 ? 1 : 0;
