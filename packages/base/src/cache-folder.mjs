import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * The folder, made where it is missing, of what every checkout of this user can use again: compiled code, fixtures of
 * tests. Whoever deletes it loses time only. It is `duet` in the system's place for caches (XDG_CACHE_HOME, or
 * ~/.cache; ~/Library/Caches on macOS; LOCALAPPDATA on Windows), or in the temporary folder where that is read-only.
 *
 * Plain JavaScript for Node ≥ 20, because the set-up of a checkout asks for it too.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function cacheFolder(env = process.env) {
  const system = { darwin: path.join(os.homedir(), 'Library/Caches'), win32: env.LOCALAPPDATA }[process.platform];
  // The XDG specification has a relative path ignored.
  const named = path.isAbsolute(env.XDG_CACHE_HOME ?? '') ? env.XDG_CACHE_HOME : undefined;
  const folder = path.join(named ?? system ?? path.join(os.homedir(), '.cache'), 'duet');
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
    return folder;
  } catch {
    const temporaryFolder = path.join(os.tmpdir(), `duet-cache-${os.userInfo().username}`);
    fs.mkdirSync(temporaryFolder, { recursive: true, mode: 0o700 });
    return temporaryFolder;
  }
}
