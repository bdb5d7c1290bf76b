import { DuetError } from '@duet/config';
import type { Command } from 'commander';
import { table } from '../answer.ts';
import { job } from '../context.ts';
import { findModel } from '../find.ts';
import { readInteger, readSetting } from './train.ts';

interface Options {
  user?: string;
  query?: string;
  context: Record<string, unknown>;
  k: number;
  model?: string;
  rank: boolean;
  seen: boolean;
}

export function retrieveCommand(program: Command): void {
  const command = program
    .command('retrieve')
    .description('what a shopper would be shown: by the arm that they are in, or by one model')
    .option('--user <id>', "the user's id")
    .option('--query <text>', 'what is searched for, where the dataset answers queries')
    .option('--context <name=value>', 'the situation, by a context column of the dataset', readSetting, {})
    .option('--k <n>', 'how many items', readInteger, 20)
    .option('--model <id>', 'id or name of a model with an index; by default the arm of the running experiment')
    .option('--no-rank', 'in the order of the retrieval, without the ranker')
    .option('--no-seen', 'with what the user bought before');
  job<Options>(command, 'retrieve --user 17850 --k 10', async ({ config, logger, database }, options) => {
    if (options.k < 1 || options.k > 1000) {
      throw new DuetError('bad-input', `It is ${options.k}, and must be 1 to 1000.`, { where: { field: '--k' } });
    }
    const userId = options.user ?? options.query;
    if (userId === undefined) throw new DuetError('bad-input', 'It takes --user or --query.');
    const [{ openServing }, { assignmentOf }, { openExecutor }] = await Promise.all([
      import('@duet/serving'),
      import('@duet/api'),
      import('@duet/trainer'),
    ]);
    const db = await database();
    const named = options.model === undefined ? undefined : await findModel(db, options.model);
    await using serving = await openServing({
      db,
      dataDir: config.dataDir,
      logger,
      executor: await openExecutor(config),
    });
    const context = Object.fromEntries(Object.entries(options.context).map(([name, value]) => [name, String(value)]));
    const taken = named === undefined ? await assignmentOf(serving, { userId, context, simulated: false }) : undefined;
    const { experiment, arm } = taken ?? {};
    const answer = await serving.retrieve({
      userId,
      query: options.query,
      situation: { time: Date.now() / 1000, values: context },
      k: options.k,
      modelId: named?.id ?? arm?.modelId,
      indexId: arm?.indexId,
      rankerId: options.rank ? (arm?.settings.rankerId ?? experiment?.rankerId ?? undefined) : null,
      hideSeen: options.seen,
    });
    const inArm = experiment && arm ? { experiment: experiment.name, arm: arm.name } : {};
    const by = `${answer.model.name}${arm ? ` (arm of ${experiment?.name})` : ''}, ${answer.index.factory} by ${answer.index.engine}`;
    return {
      json: { userId, ...inArm, ...answer },
      text: `${answer.known ? '' : `${options.query ?? userId} is not in the data: popular items first.\n`}By ${by}\n${table(
        ['#', 'item', 'title', 'category', 'price', 'score'],
        answer.items.map(({ itemId, title, category, priceMinor, score }, place) => [
          place + 1,
          itemId,
          title,
          category ?? '–',
          priceMinor === null ? '–' : (priceMinor / 100).toFixed(2),
          score.toFixed(4),
        ]),
      )}`,
    };
  });
}
