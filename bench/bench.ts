/**
 * What every bench shares: its flags, the machine it ran on, and where its results go (the contract is in
 * ARCHITECTURE.md: progress on stderr; with `--json` one object as the last line on stdout; always
 * `bench/results/<name>.json` beside a readable `<name>.md`).
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { repositoryRoot } from '@duet/base';

/** Results as the contract has them. A ratio that could not be measured here is null. */
export interface Results {
  params: object;
  metrics: Record<string, unknown>;
  peers: Record<string, unknown>;
  ratios: Record<string, number | null>;
}

export interface Flags {
  /** Answers within a minute. */
  quick: boolean;
  json: boolean;
}

/** The flags that every bench takes, a bench's own, and no other: what it is asked otherwise it answers with these. */
export function benchFlags<Own extends ParseArgsOptionsConfig>(own: Own) {
  const options: ParseArgsOptionsConfig = {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean' },
    ...own,
  };
  const usage = Object.entries(options).map(([name, { type }]) => `  --${name}${type === 'string' ? ' <value>' : ''}`);
  const tell = (code: number, ...lines: string[]): never => {
    say([...lines, 'Options:', ...usage, "The bench's file and bench/README.md say what they mean."].join('\n'));
    process.exit(code);
  };
  let values: Record<string, unknown> = {};
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    tell(2, (error as Error).message);
  }
  if (values.help) tell(0);
  return values as Flags & ReturnType<typeof parseArgs<{ options: Own }>>['values'];
}

/** Where the datasets are that are not among the examples. */
export const benchData = process.env.DUET_BENCH_DATA ?? path.join(repositoryRoot(), '../shared/data');

/** A line of progress. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

function machine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? os.arch(),
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    loadBefore: Number(os.loadavg()[0]!.toFixed(2)),
  };
}

/** The commit that ran, with "+" where tracked files differ from it; "unknown" outside a checkout. */
export function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repositoryRoot(), encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!bench/results') !== '';
    return git('rev-parse', '--short=12', 'HEAD') + (changed ? '+' : '');
  } catch {
    return 'unknown';
  }
}

/**
 * Runs a bench and writes what it found.
 *
 * @param markdown the readable account, under a heading that names machine, commit and date
 * @param own further flags
 * @param file name of the results' files
 */
export async function runBench<R extends Results, Own extends ParseArgsOptionsConfig>(
  name: string,
  measure: (flags: ReturnType<typeof benchFlags<Own>>) => Promise<R>,
  markdown: (results: R) => string,
  own = {} as Own,
  file = name,
): Promise<void> {
  const flags = benchFlags(own);
  const about = { bench: name, date: new Date().toISOString(), machine: machine(), commit: commit() };
  const results = await measure(flags);
  const { cpu, cores, memoryGb, os: system, node, loadBefore } = about.machine;
  const heading = [
    `# bench:${name}${flags.quick ? ' (quick)' : ''}`,
    `${about.date.slice(0, 16).replace('T', ' ')} UTC, commit ${about.commit}. ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}; load ${loadBefore} at the start.`,
  ].join('\n\n');
  const text = `${heading}\n\n${markdown(results)}\n`;
  const all = { ...about, ...results };
  const folder = path.join(repositoryRoot(), 'bench/results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `${file}.json`), `${JSON.stringify(all, null, 2)}\n`);
  await writeFile(path.join(folder, `${file}.md`), text);
  process.stdout.write(flags.json ? `${JSON.stringify(all)}\n` : `\n${text}`);
}

/** A Markdown table. */
export const table = (head: string[], rows: (string | number)[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** CPU seconds that all processes together have used, where the system tells. */
export async function busySeconds(): Promise<number | undefined> {
  const stat = await readFile('/proc/stat', 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  const [user, nice, system, , , irq, softirq] = stat.split('\n')[0]!.split(/\s+/).slice(1).map(Number);
  return (user! + nice! + system! + irq! + softirq!) / 100;
}
