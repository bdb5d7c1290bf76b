import type { Command } from 'commander';
import { designCommands } from './design.ts';
import { inspectCommands } from './inspect.ts';
import { lifecycleCommands } from './lifecycle.ts';

export function experimentCommand(program: Command): void {
  const group = program
    .command('experiment')
    .description('set up, run and decide experiments: which users see which arm, and who changed what')
    .addHelpText('after', '\nEvery subcommand takes --json.\nExample:\n  $ npx duet experiment list');
  designCommands(group);
  inspectCommands(group);
  lifecycleCommands(group);
}
