import type { Command } from 'commander';
import { job } from '../../context.ts';
import { readInteger, readSetting } from '../../options.ts';
import type { StartOptions } from '../../start/start.ts';

export function startCommand(program: Command): void {
  const command = program
    .command('start')
    .description(
      'start every service on what is there; where nothing is, set up the demo on the Online Retail data first',
    )
    .option('--fresh', 'start over: delete what Duet made in the data folder first')
    .option('--exit', 'set everything up, prove that every service starts, and stop')
    .option('--host <address>', 'address to listen on (DUET_HOST)')
    .option('--admin-port <port>', 'port of the admin app (DUET_ADMIN_PORT)', readInteger)
    .option('--storefront-port <port>', 'port of the storefront (DUET_STOREFRONT_PORT)', readInteger)
    .option('--retrieval-port <port>', 'port of the retrieval service (DUET_RETRIEVAL_PORT)', readInteger)
    .option('--postgres-port <port>', 'port of the embedded PostgreSQL (DUET_POSTGRES_PORT)', readInteger)
    .option('--demo', 'make the demo also where there is another dataset')
    .option('--no-demo', 'make no demo: serve what is there (by itself where there is another dataset)')
    .option('--update', "train the demo's models again where a newer Duet trains them otherwise, once all is served")
    .option('--preset <preset>', 'how the models of the demo are trained: paper, fast (as it is left out) or best')
    .option('--set <key=value>', 'a training setting over the preset, any number of times', readSetting, {})
    .option('--epochs <n>', 'short for --set epochs=<n>', readInteger)
    .option('--no-avx2', 'do not compile the faster FAISS in the background')
    .option('--no-retrieval', 'without the retrieval service')
    .option('--no-worker', 'without the worker')
    .option('--no-admin', 'without the admin app')
    .option('--no-storefront', 'without the storefront');
  job<StartOptions>(command, 'start --admin-port 5100 --data-dir ~/duet', async (context, options) => {
    const { start } = await import('../../start/start.ts');
    return start(context, options);
  });
}
