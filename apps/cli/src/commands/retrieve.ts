import { DuetError } from '@duet/base';
import { type Command, Option } from 'commander';
import { table } from '../answer.ts';
import { job } from '../context.ts';
import { findDataset, findModel } from '../find.ts';
import { readFilter, readInteger, readJson, readSetting } from '../options.ts';

interface Options {
  user?: string;
  query?: string;
  context: Record<string, unknown>;
  features: Record<string, unknown>;
  history?: string[];
  filter?: unknown;
  k: number;
  dataset?: string;
  placement?: string;
  model?: string;
  rank: boolean;
  seen: 'hide' | 'show' | 'only';
}

const texts = (values: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));

export function retrieveCommand(program: Command): void {
  const command = program
    .command('retrieve')
    .description('what a shopper would be shown: by the arm that they are in, or by one model')
    .option('--user <id>', "the user's id")
    .option('--query <text>', 'what is searched for, where the dataset answers queries')
    .option('--context <name=value>', 'the situation, by a context column of the dataset', readSetting, {})
    .option('--features <name=value>', 'what is known of the user, by a column of the users file', readSetting, {})
    .option('--history <items...>', 'items that the user had lately, oldest first')
    .option('--filter <json>', 'what every item must pass: {"category":["Mugs"]}', readJson)
    .option('--k <n>', 'how many items', readInteger, 20)
    .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one')
    .option('--placement <name>', 'where the shop shows the list')
    .option(
      '--model <id>',
      'a model with an index, by id or name; by default the arm of the running experiment, else what is deployed, else popular items',
    )
    .option('--no-rank', 'in the order of the retrieval, without the ranker')
    .addOption(
      new Option('--seen <what>', 'what becomes of what the user bought before')
        .choices(['hide', 'show', 'only'])
        .default('hide'),
    );
  job<Options>(command, 'retrieve --user 17850 --k 10', async ({ config, logger, database }, options) => {
    if (options.k < 1 || options.k > 1000) {
      throw new DuetError('bad-input', `It is ${options.k}, and must be 1 to 1000.`, { where: { field: '--k' } });
    }
    const userId = options.user ?? options.query;
    const features = texts(options.features);
    const described = Object.keys(features).length > 0 || options.history !== undefined;
    if (userId === undefined && !described) {
      throw new DuetError('bad-input', 'It takes --user, --query, --features or --history.');
    }
    const [{ filterSchema: schema, openServing }, { formatMoney }, { createAssign }, { openExecutor }] =
      await Promise.all([
        import('@duet/serving'),
        import('@duet/experiments'),
        import('@duet/api'),
        import('@duet/artifact'),
      ]);
    const db = await database();
    const asked = options.dataset === undefined ? undefined : await findDataset(db, options.dataset);
    const named = options.model === undefined ? undefined : await findModel(db, options.model, asked?.id);
    const datasetId = asked?.id ?? named?.datasetId ?? (await findDataset(db, undefined)).id;
    await using serving = await openServing({
      db,
      dataDir: config.dataDir,
      logger,
      executor: await openExecutor(config),
    });
    const context = texts(options.context);
    const taken =
      named === undefined && userId !== undefined
        ? await createAssign(serving)({ userId, datasetId, placement: options.placement, context, simulated: false })
        : undefined;
    const { experiment, arm } = taken ?? {};
    const answer = await serving.retrieve({
      userId,
      datasetId,
      placement: options.placement,
      query: options.query,
      situation: { time: Date.now() / 1000, values: context },
      ...(described && { features, history: options.history }),
      filter: readFilter(schema, options.filter),
      k: options.k,
      modelId: named?.id ?? arm?.modelId,
      indexId: arm?.indexId,
      rankerId: options.rank ? (arm?.settings.rankerId ?? experiment?.rankerId ?? undefined) : null,
      seen: options.seen,
    });
    const inArm = experiment && arm ? { experiment: experiment.name, arm: arm.name } : {};
    const index =
      answer.index && ` Index version ${answer.index.version}, ${answer.index.factory} by ${answer.index.engine}.`;
    const by = `${arm ? `Arm ${arm.name} of ${experiment?.name}. ` : ''}${answer.why}${index ?? ''}`;
    return {
      json: { userId, ...inArm, ...answer },
      text: `${by}\n${table(
        ['#', 'item', 'title', 'category', 'price', 'score'],
        answer.items.map(({ itemId, title, category, priceMinor, score }, place) => [
          place + 1,
          itemId,
          title,
          category ?? '–',
          priceMinor === null ? '–' : formatMoney(priceMinor, answer.currency),
          score.toFixed(4),
        ]),
      )}`,
    };
  });
}
