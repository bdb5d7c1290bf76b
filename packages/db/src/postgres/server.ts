import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DuetError, identify, isAlive } from '@duet/base';
import pg from 'pg';
import type { Account, Binaries } from './binaries.ts';

export const serverUser = 'duet';

const environment = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Makes an empty cluster in `folder`: UTF-8, the built-in collation (the same on every system, so an upgrade of libc
 * breaks no index), a password for every connection. Complete or not there at all: it is made beside and renamed.
 */
export async function initialise(
  binaries: Binaries,
  account: Account | undefined,
  folder: string,
  password: string,
  options: { sync?: boolean } = {},
): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  const secret = await mkdtemp(path.join(tmpdir(), 'duet-initdb-'));
  const passwordFile = path.join(secret, 'password');
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (account) for (const owned of [unfinished, secret, passwordFile]) await chown(owned, account.uid, account.gid);
    const settings = [
      `--pgdata=${unfinished}`,
      `--username=${serverUser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
      ...(options.sync === false ? ['--no-sync'] : []),
    ];
    const how = { ...account, cwd: '/', env: environment };
    await promisify(execFile)(binaries.initdb, settings, how).catch((cause: Error & { stderr?: string }) => {
      const reason = (cause.stderr || cause.message).trim();
      throw new DuetError('unavailable', `PostgreSQL could not make its data folder: ${reason}`, {
        where: { file: folder },
        cause,
      });
    });
    await rename(unfinished, folder);
  } finally {
    await rm(secret, { recursive: true, force: true });
  }
}

/** Gives the server's user a new password, in single-user mode: the server must not run. */
export async function alterPassword(
  binaries: Binaries,
  account: Account | undefined,
  folder: string,
  password: string,
): Promise<void> {
  const args = ['--single', '-D', folder, '-c', 'exit_on_error=on', '-c', 'log_statement=none', 'postgres'];
  const child = spawn(binaries.postgres, args, {
    ...{ ...account, cwd: '/', env: environment },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(`ALTER ROLE ${serverUser} PASSWORD '${password}';\n`);
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', resolve);
  });
  if (code === 0) return;
  throw new DuetError('unavailable', `PostgreSQL could not set a new password (${code}): ${output.trim()}`, {
    where: { file: folder },
  });
}

/** The process id of the server that holds the folder, or undefined when none does, whatever its pid file says. */
export async function runningPid(folder: string): Promise<number | undefined> {
  const file = path.join(folder, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (!(pid > 0)) return undefined;
  if (!isAlive(identify(pid))) return undefined;
  // After a crash the number may belong to another program by now, which PostgreSQL would take for itself.
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (command !== undefined && !command.includes(folder)) {
    await rm(file, { force: true });
    return undefined;
  }
  return pid;
}

const portTaken = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(true));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(false)));
  });

/**
 * The version of the server at `url`.
 *
 * @param timeoutMs limit of the connection's making: on a busy machine that takes seconds
 * @throws the driver's error when it does not let this process in
 */
export async function versionOf(url: string, timeoutMs = 30_000): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]!.server_version;
  } finally {
    await client.end().catch(() => {});
  }
}

/** The same, or undefined when it does not let this process in at once. */
export const answers = (url: string): Promise<string | undefined> => versionOf(url, 5000).catch(() => undefined);

// The shell lives between this process and the server. It waits for its standard input to end, which happens when this
// process stops the server or dies, even of kill -9; then it has the server shut down. So a server never outlives its
// owner, and a terminal's Ctrl-C, which is sent to the whole foreground group, reaches the owner only.
const guard = `
remove=$1; shift
exec 3<&0
"$@" </dev/null & server=$!
{ cat <&3 >/dev/null; kill -INT $server 2>/dev/null; } & watch=$!
wait $server; code=$?
kill $watch 2>/dev/null
if [ -n "$remove" ]; then rm -rf "$remove"; fi
exit $code`;

export interface RunningServer {
  stop(): Promise<void>;
  /** Settles when the server has ended, stopped or by itself. */
  ended: Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 and waits until it answers at `url`.
 *
 * @param options.removeAfter a folder to delete when the server ends: the server's data need not survive a crash either
 * @throws DuetError `conflict` when the port is taken, `unavailable` with the server's log when it does not start
 */
export async function launch(
  binaries: Binaries,
  account: Account | undefined,
  folder: string,
  url: string,
  options: { removeAfter?: string } = {},
): Promise<RunningServer> {
  const port = Number(new URL(url).port);
  if (await portTaken(port)) {
    throw new DuetError('conflict', `Port ${port} of 127.0.0.1 is in use by another program.`, {
      fix: 'Set DUET_POSTGRES_PORT to a free port, or DATABASE_URL to a PostgreSQL of yours.',
    });
  }
  const settings = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: '',
    shared_buffers: '128MB',
    effective_cache_size: '1GB',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.removeAfter && {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      shared_buffers: '32MB',
    }),
  };
  const command = [
    binaries.postgres,
    '-D',
    folder,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const logFile = path.join(folder, 'server.log');
  const log = await open(logFile, 'a', 0o600);
  const logStart = (await log.stat()).size;
  let child: ChildProcess;
  try {
    const stdio = ['pipe', log.fd, log.fd] as const;
    const how = { ...account, cwd: '/', env: environment, detached: true, stdio: [...stdio] };
    child =
      process.platform === 'win32'
        ? spawn(command[0]!, command.slice(1), how)
        : spawn('sh', ['-c', guard, 'duet-postgres', options.removeAfter ?? '', ...command], how);
  } finally {
    await log.close();
  }
  // Neither keeps this process alive.
  child.unref();
  (child.stdin as net.Socket).unref();
  child.stdin?.on('error', () => {});
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const done = () => {
      ended = true;
      child.stdin?.destroy();
      resolve();
    };
    child.once('exit', done);
    child.once('error', done);
  });
  const stop = async () => {
    child.ref();
    if (process.platform === 'win32') child.kill();
    child.stdin?.end();
    await end;
  };
  for (const since = Date.now(); !ended && Date.now() - since < 60_000; ) {
    if ((await answers(url)) !== undefined) return { stop, ended: end };
    await pause(20);
  }
  const logText = existsSync(logFile) ? (await readFile(logFile)).subarray(logStart).toString('utf8').trim() : '';
  if (!ended) await stop();
  throw new DuetError(
    'unavailable',
    `The embedded PostgreSQL did not start: ${logText.split('\n').slice(-5).join('\n')}`,
    {
      fix: `Its log: ${logFile}.`,
    },
  );
}
