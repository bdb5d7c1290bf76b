#!/usr/bin/env node
/**
 * `npm run test:watch -- packages/db`: runs the tests of these folders and files, and again each time that one of them,
 * or what it imports, changes. Without a folder: of every package that differs from main.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { runForwarding } from './forward.mjs';
import { findNode24, root } from './node24.mjs';

const node = findNode24();
if (node !== process.execPath) await runForwarding(node, [import.meta.filename, ...process.argv.slice(2)]);

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);

/** The packages and apps with a file that git says is not as on main. */
function changedPackages() {
  const files = [...git('diff', '--name-only', 'main'), ...git('ls-files', '--others', '--exclude-standard')];
  return [...new Set(files.map((file) => /^(packages|apps)\/[^/]+/.exec(file)?.[0]).filter(Boolean))];
}

const named = process.argv.slice(2);
const places = named.length > 0 ? named.map((place) => path.relative(root, path.resolve(place))) : changedPackages();
const files = places.flatMap((place) =>
  fs.statSync(path.join(root, place)).isDirectory()
    ? fs.globSync(`${place}/**/*.test.{ts,mjs}`, { cwd: root, exclude: (name) => name === 'node_modules' })
    : [place],
);
if (files.length === 0) {
  process.stdout.write(`There is no test in ${places.join(', ') || 'what differs from main'}.\n`);
  process.exit(1);
}
process.chdir(root);
const { startTestServer } = await import('@duet/db/testing');
// This process keeps the server: every run makes its databases in it.
process.env.DUET_TEST_DATABASE_URL ||= await startTestServer();
await runForwarding(node, ['--test', '--watch', ...files.sort()]);
