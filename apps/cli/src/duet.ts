import { DuetError, type ErrorCode, fileFault } from '@duet/base';
import { Command, CommanderError } from 'commander';
import { catalogueCommand } from './commands/data/catalogue.ts';
import { datasetsCommand } from './commands/data/datasets.ts';
import { exportCommand } from './commands/data/export.ts';
import { foldCommand } from './commands/data/fold.ts';
import { importCommand } from './commands/data/import.ts';
import { partsCommand } from './commands/data/parts.ts';
import { usersCommand } from './commands/data/users.ts';
import { experimentCommand } from './commands/experiments/experiment.ts';
import { offPolicyCommand } from './commands/experiments/off-policy.ts';
import { reportCommand } from './commands/experiments/report.ts';
import { simulateCommand } from './commands/experiments/simulate.ts';
import { statsCommand } from './commands/experiments/stats.ts';
import { listCommand } from './commands/list.ts';
import { buildIndexCommand } from './commands/models/build-index.ts';
import { evaluateCommand } from './commands/models/evaluate.ts';
import { modelsCommand } from './commands/models/models.ts';
import { refreshCommands } from './commands/models/refresh.ts';
import { championCommands, deploymentCommands } from './commands/models/registry.ts';
import { trainCommand } from './commands/models/train.ts';
import { trainRankerCommand } from './commands/models/train-ranker.ts';
import { tuneCommand } from './commands/models/tune.ts';
import { recommendCommand } from './commands/recommend.ts';
import { retrieveCommand } from './commands/retrieve.ts';
import { rulesCommand } from './commands/rules.ts';
import { searchCommand } from './commands/search.ts';
import { alertsCommand } from './commands/system/alerts.ts';
import { backupCommand, restoreCommand } from './commands/system/backup.ts';
import { databaseCommand } from './commands/system/database.ts';
import { doctorCommand } from './commands/system/doctor.ts';
import { healthCommand } from './commands/system/health.ts';
import { keysCommand } from './commands/system/keys.ts';
import { migrateCommand } from './commands/system/migrate.ts';
import { peopleCommand } from './commands/system/people.ts';
import { startCommand } from './commands/system/start.ts';
import { statusCommand } from './commands/system/status.ts';
import { stopCommand } from './commands/system/stop.ts';

const exitCodes: Record<ErrorCode, number> = {
  internal: 1,
  'bad-input': 2,
  'not-found': 3,
  conflict: 4,
  unavailable: 5,
  corrupt: 6,
  unauthorised: 7,
};

const commands = [
  startCommand,
  statusCommand,
  stopCommand,
  importCommand,
  catalogueCommand,
  foldCommand,
  trainCommand,
  tuneCommand,
  trainRankerCommand,
  evaluateCommand,
  buildIndexCommand,
  exportCommand,
  retrieveCommand,
  listCommand,
  searchCommand,
  recommendCommand,
  rulesCommand,
  experimentCommand,
  reportCommand,
  simulateCommand,
  offPolicyCommand,
  datasetsCommand,
  partsCommand,
  usersCommand,
  modelsCommand,
  refreshCommands,
  championCommands,
  deploymentCommands,
  healthCommand,
  alertsCommand,
  keysCommand,
  peopleCommand,
  statsCommand,
  migrateCommand,
  backupCommand,
  restoreCommand,
  databaseCommand,
  doctorCommand,
];

/** Where a command's answer goes, and what it says beside it. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

export const terminal: Output = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

function createProgram({ out, err }: Output): Command {
  const program = new Command('duet')
    .configureOutput({ writeOut: out, writeErr: err })
    .description('Duet: two-tower and DAT retrieval, served from FAISS and compared in honest A/B tests.')
    .version('0.1.0')
    // So that `duet promote --version 3` is the command's own option.
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', '\nEvery command takes --json, and --help with an example.\nExample:\n  $ npx duet start');
  for (const add of commands) add(program);
  return program;
}

/** commander's own complaint is a sentence already; it is printed by commander. */
function settled(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help tells more)');
  for (const child of command.commands) settled(child);
  return command;
}

/** What failed because of the input, a file or the database, and not of a fault in Duet. */
async function knownFault(error: unknown): Promise<DuetError | undefined> {
  if (error instanceof DuetError) return error;
  const { databaseFault } = await import('@duet/db');
  return fileFault(error) ?? databaseFault(error);
}

/** Runs `duet args…` in this process. Resolves to its exit code. */
export async function duet(args: readonly string[], output: Output): Promise<number> {
  try {
    await settled(createProgram(output)).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes['bad-input'];
    const known = await knownFault(error);
    const debug = process.env.DUET_LOG_LEVEL === 'debug';
    const sentence = known?.message ?? (error instanceof Error ? error.message : String(error));
    output.err(`${debug && error instanceof Error ? error.stack : `duet: ${sentence}`}\n`);
    if (!known && !debug) output.err('This is a fault in Duet. DUET_LOG_LEVEL=debug shows where.\n');
    return exitCodes[known?.code ?? 'internal'];
  }
}
