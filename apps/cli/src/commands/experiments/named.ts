import type { Command } from 'commander';

/** Options of a subcommand that is about one experiment. */
export interface Named {
  experiment: string;
}

/** A subcommand that is about one experiment. */
export const named = (group: Command, name: string, description: string): Command =>
  group.command(name).description(description).requiredOption('--experiment <name>', 'name or id of the experiment');
