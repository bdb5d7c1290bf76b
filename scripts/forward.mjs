/** Stands aside for a child: its terminal, its signals, its exit code. For Node ≥ 20, without dependencies. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { withNodeFirst } from './node24.mjs';

/** Runs `node args` in this process's place, and ends this process as the child ended. */
export async function runForwarding(node, args, env = {}) {
  const child = spawn(node, args, { stdio: 'inherit', env: { ...withNodeFirst(node), ...env } });
  // A terminal sends Ctrl-C to the whole group, so the child has it already; `kill` sends to this process alone.
  const forward = (signal) => () => {
    if (!(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward(signal));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('close', (...ended) => resolve(ended)).on('error', reject);
  });
  process.exit(code ?? 128 + constants.signals[signal]);
}
