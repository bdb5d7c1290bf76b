import { copyFileSync, existsSync, globSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';

/** Size at which a log is put aside, and how many of its earlier parts are kept. */
const bounds = { maxBytes: 20 * 2 ** 20, keep: 3 };

/**
 * Puts each log that has grown large aside as `<name>.log.1`, the one before as `.2`, and so on. Its writer holds the
 * file open for appending, so the file stays and is emptied: what is written between copy and emptying is lost.
 */
export function rotateLogs(files: readonly string[], { maxBytes, keep } = bounds): void {
  for (const file of files) {
    if (statSync(file).size < maxBytes) continue;
    for (let part = keep; part > 1; part--) {
      if (existsSync(`${file}.${part - 1}`)) renameSync(`${file}.${part - 1}`, `${file}.${part}`);
    }
    try {
      copyFileSync(file, `${file}.1`);
    } catch {
      // No room for a copy (the disk may be full because of this very file): it is emptied all the same.
      rmSync(`${file}.1`, { force: true });
    }
    truncateSync(file);
  }
}

/** Keeps the logs of a data folder, and of its embedded server, from growing without end, until it is disposed. */
export function keepLogsSmall(logs: string, server: string | undefined): Disposable {
  const timer = setInterval(() => {
    const serviceLogs = globSync(path.join(logs, '*.log'));
    rotateLogs(server !== undefined && existsSync(server) ? [...serviceLogs, server] : serviceLogs);
  }, 10_000);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
