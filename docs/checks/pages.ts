import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';

export const root = repositoryRoot();

/** The pages whose commands are run, in the order of a reader. Paths are relative to the repository. */
export const runPages = [
  'README.md',
  ...[
    'first-shop',
    'importing',
    'living',
    'training-and-tuning',
    'ranking-rules',
    'running-an-experiment',
    'simulating',
    'storefront-client',
    'nextjs',
    'express',
    'browser',
    'python',
    'php',
    'shopify',
    'operating',
    'people',
    'living-shop',
    'threat-model',
  ].map((name) => `docs/guides/${name}.md`),
];

/** Every page of the repository that people read. */
export const allPages: string[] = globSync(
  ['*.md', 'docs/**/*.md', 'docker/*.md', '{packages,apps,examples}/*/README.md', 'packages/*/src/*/README.md'],
  { cwd: root },
).sort();

export const read = (page: string): string => readFileSync(path.join(root, page), 'utf8');

/** One fenced block of a page. */
export interface Block {
  page: string;
  /** Line of the opening fence, from 1. */
  line: number;
  language: string;
  text: string;
  /** Why it is not run, as the page says in a comment before it: `<!-- not run: … -->`. */
  notRun?: string;
  /** The file that the page says it is: `<!-- file: metrics.json -->`. */
  file?: string;
  /** The program without which it is not run: `<!-- needs: php -->`. */
  needs?: string;
}

/** The fenced blocks of a page, each with what a comment on the line before it says. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const lines = read(page).split('\n');
  for (let at = 0; at < lines.length; at++) {
    const fence = lines[at]!.match(/^```(\w*)$/);
    if (fence === null) continue;
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new Error(`${page}:${at + 1}: the block has no end.`);
    const [, says, what] = lines[at - 1]?.match(/^<!-- (not run|file|needs): (.+) -->$/) ?? [];
    blocks.push({
      page,
      line: at + 1,
      language: fence[1]!,
      text: lines.slice(at + 1, end).join('\n'),
      ...(says === 'not run' ? { notRun: what } : {}),
      ...(says === 'file' ? { file: what } : {}),
      ...(says === 'needs' ? { needs: what } : {}),
    });
    at = end;
  }
  return blocks;
}

/** A page without its fenced blocks, with lines kept in their places. */
export const proseOf = (page: string): string =>
  read(page).replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ''));

/** What stands between backticks in a page's prose. */
export const codeSpans = (page: string): string[] =>
  [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);

const isCode = ({ language, notRun }: Block) => language === 'ts' && notRun === undefined;

/** A page's TypeScript as one module: later blocks go on with what earlier ones made. */
export const moduleOf = (page: string): string =>
  blocksOf(page)
    .filter(isCode)
    .map(({ text }) => text)
    .join('\n');
