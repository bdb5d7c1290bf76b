import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DuetError, formatSeconds } from '@duet/base';
import type { Database, Model } from '@duet/db';
import type { Simulated } from '@duet/simulator';
import type { Command } from 'commander';
import { toJson } from '../../answer.ts';
import { job } from '../../context.ts';
import { findDataset, findModel } from '../../find.ts';
import { readInteger } from '../../options.ts';
import { addressOf } from '../../start/apps.ts';

interface Options {
  dataset?: string;
  control: string;
  treatment: string;
  aa: boolean;
  shoppers?: number;
  visits: number;
  days: number;
  start?: string;
  page: number;
  seed: number;
  concurrency: number;
  name?: string;
  url?: string;
}

export function simulateCommand(program: Command): void {
  const command = program
    .command('simulate')
    .description(
      'SIMULATED: a week of made-up shoppers, whose tastes no arm has seen, on the running service, in an A/B test',
    )
    .addHelpText(
      'before',
      'This is a SIMULATION: no real shopper takes part, and what comes out says nothing of real shoppers.\n',
    )
    .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one')
    .option('--control <model>', 'id or name of the control arm’s model', 'two-tower')
    .option('--treatment <model>', 'id or name of the other arm’s model', 'dat')
    .option('--aa', 'both arms serve the control’s model: whatever comes out is chance', false)
    .option('--shoppers <n>', 'how many come; by default as many as the data have', readInteger)
    .option('--visits <n>', 'visits of the mean shopper in a week', readInteger, 10)
    .option('--days <n>', 'simulated days', readInteger, 7)
    .option('--start <time>', 'beginning of the first, such as 2026-03-02; by default the last one has just ended')
    .option('--page <n>', 'items that a page shows, of the 100 candidates that are ranked', readInteger, 12)
    .option('--seed <n>', 'of everything that is drawn', readInteger, 1)
    .option('--concurrency <n>', 'requests under way at once', readInteger, 16)
    .option('--name <name>', 'of the experiment; by default the arms and the time')
    .option('--url <address>', 'the retrieval service; by default that of npx duet start');
  job<Options>(command, 'simulate --control two-tower --treatment dat', async (context, options) => {
    const { simulate } = await import('@duet/simulator');
    const { config, progress, signal } = context;
    const say = (line: string) => process.stderr.write(`${line}\n`);
    requireSound(options);
    const db = await context.database();
    const dataset = await findDataset(db, options.dataset);
    const control = await servedModel(db, options.control);
    const treatment = options.aa ? control : await servedModel(db, options.treatment);
    const name = options.name ?? nameOf(control, treatment, new Date());
    say('SIMULATION: no real shopper takes part, and what comes out says nothing of real shoppers.');
    const simulated = await simulate(
      {
        ...{ db, dataDir: config.dataDir, progress, signal, say },
        url: options.url ?? addressOf(config, 'retrieval'),
        now: () => new Date(),
      },
      {
        ...{ dataset, control, treatment, name },
        shoppers: options.shoppers,
        visits: options.visits,
        days: options.days,
        start: options.start === undefined ? undefined : new Date(options.start),
        page: options.page,
        seed: options.seed,
        concurrency: options.concurrency,
      },
    );
    const text = await describe(simulated);
    const folder = path.join(config.dataDir, 'simulations', simulated.experiment.id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'week.md'), `${text}\n`);
    writeFileSync(path.join(folder, 'week.json'), `${toJson(simulated)}\n`);
    return { json: simulated, text: `${text}\n\nKept as week.md and week.json in ${folder}.` };
  });
}

function requireSound({ shoppers, visits, days, page, concurrency, start }: Options): void {
  const limits = [
    ['--shoppers', shoppers ?? 2, 2, 1_000_000],
    ['--visits', visits, 1, 1000],
    ['--days', days, 1, 60],
    ['--page', page, 1, 100],
    ['--concurrency', concurrency, 1, 256],
  ] as const;
  for (const [field, value, least, most] of limits) {
    if (value >= least && value <= most) continue;
    throw new DuetError('bad-input', `It is ${value}, and must be ${least} to ${most}.`, { where: { field } });
  }
  if (start !== undefined && Number.isNaN(Date.parse(start))) {
    throw new DuetError('bad-input', `"${start}" is no time.`, {
      where: { field: '--start' },
      fix: 'Write 2026-03-02.',
    });
  }
}

/** A model that the service can answer from. */
async function servedModel(db: Database, named: string): Promise<Model> {
  const model = await findModel(db, named);
  if ((await db.prisma.index.findFirst({ where: { modelId: model.id, active: true } })) !== null) return model;
  throw new DuetError('conflict', `Model ${model.name} (${model.id}) has no index, so nothing answers from it.`, {
    fix: `Build one: npx duet index --model ${model.id}.`,
  });
}

/** "simulated-dat-vs-two-tower-20261125-0300". */
function nameOf(control: Model, treatment: Model, now: Date): string {
  const time = now.toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-');
  const arms = control.id === treatment.id ? `${control.name}-aa` : `${treatment.name}-vs-${control.name}`;
  return `simulated-${arms}-${time}`;
}

const formatShare = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);

/** The week as Markdown: what it is, the paper's table, what Duet's report concludes, and what to keep in mind. */
async function describe(simulated: Simulated): Promise<string> {
  const { onlineMarkdown } = await import('@duet/simulator');
  const { aa, experiment, dataset, split, seed, period, shoppers, visits, events, table, finding } = simulated;
  const warnings = [
    period.stoppedAt === null ? [] : [`Stopped at the simulated moment ${period.stoppedAt}: the week is not whole.`],
    simulated.refused.events === 0
      ? []
      : [`${simulated.refused.events} events were refused: ${simulated.refused.reasons.join('; ')}`],
    simulated.visitsOutside === 0 ? [] : [`${simulated.visitsOutside} visits were answered outside the experiment.`],
    simulated.reportAgrees ? [] : ['Duet’s report counts otherwise than the simulation’s own books: look into it.'],
  ].flat();
  return [
    `# A simulated week: ${experiment.name}`,
    '',
    `**This is a simulation.** ${shoppers.returning} returning and ${shoppers.new} new shoppers made ${visits} visits to the`,
    `running service on ${dataset}; nobody was shopping. Their tastes come from the purchases that the split ${split} holds`,
    `back from both arms' models. Both arms retrieve 100 candidates from FAISS and share one ranker; a page shows the best.`,
    ...(aa ? ['Both arms serve the same model: a true lift is impossible.'] : []),
    '',
    onlineMarkdown(table),
    '',
    `Lift is treatment over control − 1 with its 95 % interval, shoppers being the unit (delta method, Fieller). GMV is that`,
    `of ${events.order} order lines; ${events.refund} came back. As many shoppers find a CTR lift of ${formatShare(table.detectable.ctr)} and a GMV`,
    `lift of ${formatShare(table.detectable.gmv)} four times in five: a smaller one may well stay hidden. Seed ${seed}, ${formatSeconds(simulated.seconds)}.`,
    '',
    `Duet's report${simulated.reportAgrees ? ', which counts the same,' : ''} finds: ${finding}`,
    ...warnings.map((warning) => `\n✘ ${warning}`),
  ].join('\n');
}
