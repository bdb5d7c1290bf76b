import { userInfo } from 'node:os';
import {
  type Config,
  createLogger,
  DuetError,
  type Logger,
  loadConfig,
  openDataFolder,
  type Progress,
  reportProgress,
} from '@duet/base';
import type { Database } from '@duet/db';
import type { Command } from 'commander';
import { type Answer, toJson } from './answer.ts';

/** What every command is handed: the settings, and what it opens with them. */
export interface Context {
  config: Config;
  logger: Logger;
  progress: Progress;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** Opens the database, brought to the newest migration, and closes it when the command ends. */
  database(): Promise<Database>;
}

/** What the functions that work on data ask for. */
export async function working({ config, progress, signal, database }: Context) {
  return { db: await database(), dataDir: config.dataDir, progress, signal };
}

/** Who is written down for what the command line changes. */
export const actor = (): string => `cli:${userInfo().username}`;

/** The same for the functions that train or encode. */
export async function modelling(context: Context) {
  const { openExecutor } = await import('@duet/artifact');
  const { checkpointMinutes } = context.config;
  return { ...(await working(context)), checkpointMinutes, executor: await openExecutor(context.config) };
}

interface CommonOptions {
  json?: boolean;
  dataDir?: string;
}

/**
 * Gives a command the options that all have, an example in its help, and its work, whose answer is printed; one that
 * runs on after its answer prints it itself and returns nothing.
 */
export function job<Options extends object>(
  command: Command,
  example: string,
  run: (context: Context, options: Options, command: Command) => Promise<Answer | undefined>,
): Command {
  return command
    .option('--json', 'print one JSON document on stdout; progress goes to stderr')
    .option('--data-dir <folder>', 'where datasets, models, indexes and the embedded database live (DUET_DATA_DIR)')
    .addHelpText('after', `\nExample:\n  $ npx duet ${example}`)
    .action(async () => {
      const options = command.opts<Options & CommonOptions>();
      const env = options.dataDir === undefined ? process.env : { ...process.env, DUET_DATA_DIR: options.dataDir };
      const config = loadConfig(env);
      const answer = await withContext(config, (context) => run(context, options, command));
      if (answer === undefined) return;
      command.configureOutput().writeOut?.(`${options.json ? toJson(answer.json) : answer.text}\n`);
    });
}

async function withContext<T>(config: Config, run: (context: Context) => Promise<T>): Promise<T> {
  await using opened = new AsyncDisposableStack();
  const progress = opened.use(reportProgress());
  let database: Promise<Database> | undefined;
  const open = async (): Promise<Database> => {
    const { migrate, openDatabase } = await import('@duet/db');
    openDataFolder(config.dataDir);
    const db = opened.use(await openDatabase(config));
    if ((await migrate(db)).length > 0) {
      const { adoptOldFolders } = await import('@duet/datasets');
      await adoptOldFolders({ db, dataDir: config.dataDir });
    }
    return db;
  };
  return await run({
    config,
    // What a service would log for its operator is noise beside a command's one sentence, unless it is asked for.
    logger: createLogger({ logLevel: config.logLevel === 'info' ? 'silent' : config.logLevel }, 'duet'),
    progress,
    signal: untilStopped(),
    database: () => {
      database ??= open();
      return database;
    },
  });
}

let stopping: AbortController | undefined;

/** A supervisor and its terminal may both pass on one Ctrl-C: what comes this soon is the same one. */
const sameSignalMs = 2000;

/** One signal for the process: a command stops where it can leave things tidy, and a second Ctrl-C ends it at once. */
function untilStopped(): AbortSignal {
  if (stopping) return stopping.signal;
  stopping = new AbortController();
  let stoppedAt = 0;
  const stop = (name: NodeJS.Signals) => {
    if (stopping?.signal.aborted) {
      if (Date.now() - stoppedAt > sameSignalMs) process.exit(130);
      return;
    }
    stoppedAt = Date.now();
    stopping?.abort(new DuetError('conflict', `Stopped by ${name}.`));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  // The supervisor that forked this process is gone: nobody waits for the result.
  if (process.send) process.on('disconnect', () => stop('SIGTERM'));
  return stopping.signal;
}
