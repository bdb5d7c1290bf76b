import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { DuetError, type Progress, type ProgressUpdate } from '@duet/base';

/** What a forked `duet` sends its parent: progress as it goes, its peak memory at its end. */
type ChildMessage = { progress: ProgressUpdate } | { peakMb: number };

export interface JobContext {
  env: NodeJS.ProcessEnv;
  dataDir: string;
  progress: Progress;
  signal: AbortSignal;
}

/** The path of this command line's own entry. */
const main = path.join(import.meta.dirname, '../main.ts');

/**
 * Runs `duet <args> --json` in a process of its own, so that steps use several cores and one's memory ends with it.
 * Its stderr goes to `<dataDir>/logs/<name>.log`.
 *
 * @throws DuetError with the command's own sentence where it fails, and the signal's reason where it is aborted
 */
export async function runChildJob<T>(
  { env, dataDir, progress, signal }: JobContext,
  name: string,
  args: readonly string[],
): Promise<{ answer: T; peakMb: number | undefined }> {
  signal.throwIfAborted();
  const log = path.join(dataDir, 'logs', `${name}.log`);
  mkdirSync(path.dirname(log), { recursive: true });
  const child = fork(main, [...args, '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Ctrl-C reaches the supervisor alone, which then stops everything in order.
    detached: true,
  });
  let peakMb: number | undefined;
  child.on('message', (message: ChildMessage) => {
    if ('progress' in message) progress(message.progress);
    else peakMb = message.peakMb;
  });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const complaint = saidInto(child, log);
    const [output, code] = await Promise.all([text(child.stdout!), ended(child)]);
    signal.throwIfAborted();
    if (code !== 0) {
      const message = /^duet: (.*)$/m.exec(await complaint)?.[1];
      throw new DuetError('internal', `${args[0]} failed: ${message || `it ended with ${code}.`}`, {
        fix: `Its log is ${log}.`,
      });
    }
    return { answer: JSON.parse(output) as T, peakMb };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const ended = (child: ChildProcess): Promise<number | NodeJS.Signals> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 1));
  });

/** Keeps what a child says on stderr in a file, and resolves to the end of it. */
async function saidInto(child: ChildProcess, log: string): Promise<string> {
  const file = createWriteStream(log);
  let tail = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    file.write(chunk);
    tail = (tail + chunk).slice(-4000);
  });
  await new Promise((resolve) => child.stderr!.once('close', resolve));
  file.end();
  return tail;
}
