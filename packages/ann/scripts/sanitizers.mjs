/**
 * How a binding is compiled and run so that a wrong memory access or undefined behaviour ends the process, and says
 * where.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';

export const sanitizerFlags = [
  ...['-O1', '-g1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
  // FAISS's own library is not compiled so, and its types cannot be recognised.
  '-fno-sanitize=vptr',
];

/** The sanitizers' runtime libraries, or undefined where this machine's compiler has none. */
function runtimes() {
  try {
    const files = ['libasan.so', 'libubsan.so'].map((name) =>
      execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim(),
    );
    // Where there is none, the compiler says the name as it was asked for.
    return files.every((file) => path.isAbsolute(file)) ? files : undefined;
  } catch {
    return undefined;
  }
}

/** The environment of a Node that loads a sanitized binding, or undefined where there are no sanitizers. */
export function sanitizerEnvironment() {
  const files = runtimes();
  if (files === undefined) return undefined;
  // Node keeps what it allocates until its end, which is no leak.
  return { LD_PRELOAD: files.join(' '), ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' };
}
