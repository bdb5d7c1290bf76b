import { readFile } from 'node:fs/promises';
import { DuetError } from '@duet/base';
import type { BulkFormat } from '@duet/serving';
import { type Command, Option } from 'commander';
import { job } from '../context.ts';
import { findDataset, findModel } from '../find.ts';
import { readFilter, readInteger, readJson } from '../options.ts';

interface Options {
  all?: boolean;
  users?: string;
  similar?: boolean;
  out: string;
  format?: BulkFormat;
  dataset?: string;
  k: number;
  placement?: string;
  filter?: unknown;
  model?: string;
  seen: 'hide' | 'show' | 'only';
  rank: boolean;
}

export function recommendCommand(program: Command): void {
  const command = program
    .command('recommend')
    .description('every user’s list in one file, by what is deployed: for e-mails, a warehouse, another system')
    .option('--all', 'every user of the data')
    .option('--users <file>', 'the users whose ids are in this file, one a line')
    .option('--similar', 'instead, for every item of the catalogue those that are most like it')
    .requiredOption('--out <file>', 'what is written: .parquet, .csv (a row an item) or .jsonl (a line a list)')
    .addOption(new Option('--format <form>', "by default by the file's name").choices(['parquet', 'csv', 'jsonl']))
    .option('--dataset <name>', 'name or id; not needed where there is one')
    .option('--k <n>', 'items in a list, 1 to 1000', readInteger, 20)
    .option('--placement <name>', 'where the lists are shown, for what is deployed there and the shop’s rules')
    .option('--filter <json>', 'what every item must pass: {"category":["Mugs"]}', readJson)
    .option('--model <id>', 'a model with an index, by id or name; by default what is deployed')
    .option('--no-rank', 'in the order of the retrieval, without the ranker')
    .addOption(
      new Option('--seen <what>', 'what becomes of what a user bought before')
        .choices(['hide', 'show', 'only'])
        .default('hide'),
    );
  job<Options>(command, 'recommend --all --k 20 --out recs.parquet', async (context, options) => {
    const { config, logger, database, progress, signal } = context;
    const { k, out, placement, seen, rank } = options;
    if ([options.all, options.users, options.similar].filter(Boolean).length !== 1) {
      throw new DuetError('bad-input', 'Say for whom: --all, --users FILE, or --similar for items.');
    }
    if (k < 1 || k > 1000) {
      throw new DuetError('bad-input', `It is ${k}, and must be 1 to 1000.`, { where: { field: '--k' } });
    }
    const [{ filterSchema, openServing, writeBulk }, { openExecutor }] = await Promise.all([
      import('@duet/serving'),
      import('@duet/artifact'),
    ]);
    const db = await database();
    const asked = options.dataset === undefined ? undefined : await findDataset(db, options.dataset);
    const named = options.model === undefined ? undefined : await findModel(db, options.model, asked?.id);
    const datasetId = asked?.id ?? named?.datasetId ?? (await findDataset(db, undefined)).id;
    const { dataDir } = config;
    await using serving = await openServing({ db, dataDir, logger, executor: await openExecutor(config) });
    const request = {
      of: options.similar ? ('items' as const) : ('users' as const),
      userIds: options.users === undefined ? undefined : await readIds(options.users),
      ...{ datasetId, k, placement, seen },
      filter: readFilter(filterSchema, options.filter),
      modelId: named?.id,
      rankerId: rank ? undefined : null,
    };
    const began = performance.now();
    const written = await writeBulk(serving, request, { out, format: options.format, progress, signal });
    const seconds = (performance.now() - began) / 1000;
    const { lists, rows, resumed, sources } = written;
    const again = resumed === 0 ? '' : ` ${resumed} of them were there from a run that was cut.`;
    const popular =
      sources.popular === 0 ? '' : ` ${sources.popular} are best sellers: the model knows nothing of them.`;
    const speed = `${Math.round((lists - resumed) / seconds)} a second`;
    return {
      json: { ...written, seconds },
      text: `Wrote ${lists} lists of ${rows} items to ${written.out}, ${speed}.${again}${popular}`,
    };
  });
}

async function readIds(file: string): Promise<string[]> {
  const ids = (await readFile(file, 'utf8')).split(/\r?\n/).filter((id) => id !== '');
  return [...new Set(ids)];
}
