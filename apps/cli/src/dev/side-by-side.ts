import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ServiceSpec } from '../start/services.ts';

/** Time that a process has to end when it is asked to. */
const patienceMs = 12_000;

const colours = [36, 33, 35, 32];

/** Runs programs beside each other, each line of theirs behind the program's name, until they are disposed of. */
export class SideBySide implements AsyncDisposable {
  readonly #children = new Map<string, ChildProcess>();

  start({ name, args, cwd, env }: ServiceSpec): void {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const colour = colours[this.#children.size % colours.length];
    const label = process.stdout.isTTY ? `\x1b[${colour}m${name.padEnd(10)}\x1b[0m` : name.padEnd(10);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => process.stdout.write(`${label} ${line}\n`));
    }
    child.once('exit', (code, signal) => process.stdout.write(`${label} ended (${signal ?? `code ${code}`})\n`));
    this.#children.set(name, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children.values()].map((child) => endWithItsOwn(child)));
  }
}

/** Ends a process and what it started: a watcher has a child, and `next dev` several. */
async function endWithItsOwn(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const { pid } = child;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-pid, 'SIGTERM');
  const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), patienceMs);
  await ended;
  clearTimeout(timer);
}
