import { DuetError } from '@duet/base';
import type { RegisteredModelPatch } from '@duet/pipeline/control';
import type { Command } from 'commander';
import { minute, table } from '../../answer.ts';
import { actor, job } from '../../context.ts';
import { findDataset, findModel } from '../../find.ts';
import { readInteger, readSetting } from '../../options.ts';

interface TermsOptions {
  dataset?: string;
  preset?: string;
  set?: Record<string, unknown>;
  gate?: Record<string, unknown>;
  schedule?: string;
  timeZone?: string;
  promote?: 'auto' | 'ask';
  fullEvery?: number;
}

interface RegisterOptions extends TermsOptions {
  name: string;
  kind?: string;
  from?: string;
}

/** How a registered model is trained, when, and what its versions must show. */
const withTerms = (command: Command): Command =>
  command
    .option('--preset <name>', 'auto, fast, best, adapted or paper')
    .option('--set <key=value>', 'a setting over the preset; may be repeated', readSetting)
    .option('--gate <key=value>', 'a limit of the gate, such as margin=0.02; may be repeated', readSetting)
    .option('--schedule <cron>', 'five fields: "0 3 * * *" is every night at three; without it, when somebody asks')
    .option('--time-zone <zone>', 'of the schedule, such as Europe/London; UTC when left out')
    .option(
      '--full-every <n>',
      'start from the champion and train every n-th version from nothing; 0 or nothing: every one',
      readInteger,
    )
    .option('--promote <how>', 'auto: what passes the gate serves; ask: a person decides');

/** Those of them that the command names. */
function namedTerms({ preset, set, gate, schedule, timeZone, promote: promotion, fullEvery }: TermsOptions) {
  const changes = { preset, parameters: set, gate, schedule, timeZone, promotion, fullEvery };
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as RegisteredModelPatch;
}

/** When it is refreshed, as a sentence's end. */
const rhythmOf = ({ schedule, timeZone }: { schedule: string | null; timeZone: string }): string =>
  schedule === null ? 'when somebody asks' : `at "${schedule}", ${timeZone}`;

/** `duet models register`. */
export function registerCommand(models: Command): void {
  const command = models
    .command('register')
    .description(
      'register a model by its name: how it is trained, when, and what its versions must show before they serve',
    )
    .option('--dataset <name>', 'name or id of the dataset')
    .requiredOption('--name <name>', 'what it is called, such as dat-nightly')
    .option('--kind <kind>', 'npx duet models --kinds lists them')
    .option(
      '--from <model>',
      'a trained model with an index, by id or name: it becomes the champion, and is trained again as it was',
    );
  withTerms(command);
  job<RegisterOptions>(
    command,
    'models register --dataset online-retail --name dat-nightly --kind dat --schedule "0 3 * * *" --time-zone Europe/London',
    async ({ database }, options) => {
      const { adoptModel, registerModel } = await import('@duet/pipeline/control');
      const db = await database();
      const dataset = await findDataset(db, options.dataset);
      const { name, kind } = options;
      const terms = namedTerms(options);
      if (options.from !== undefined) {
        const { id } = await findModel(db, options.from, dataset.id);
        const adopted = await adoptModel(db, id, { ...terms, name, ...(kind && { kind }) }, { actor: actor() });
        return {
          json: { registeredModelId: adopted.id, dataset: dataset.name, name, kind: adopted.kind, championId: id },
          text: `Registered "${name}" of ${dataset.name}, whose champion is ${id}.`,
        };
      }
      if (kind === undefined) {
        throw new DuetError('bad-input', 'A registered model has a kind, or a trained model to begin with.', {
          where: { field: '--kind' },
          fix: 'Say --kind, or --from.',
        });
      }
      const registered = await registerModel(db, dataset.id, { ...terms, name, kind }, { actor: actor() });
      return {
        json: { registeredModelId: registered.id, dataset: dataset.name, name, kind, preset: registered.preset },
        text: `Registered "${name}" of ${dataset.name}. It is refreshed ${rhythmOf(registered)}.`,
      };
    },
  );
}

/** `duet models change` and `duet models unregister`. */
export function registeredCommands(models: Command): void {
  const change = models
    .command('change')
    .description('change how a registered model is trained, when, and what its versions must show')
    .option('--dataset <name>', 'name or id of the dataset')
    .requiredOption('--model <name>', 'name of a registered model')
    .option('--no-schedule', 'refresh it when somebody asks, and not by itself');
  withTerms(change);
  job<Omit<TermsOptions, 'schedule'> & { model: string; schedule?: string | boolean }>(
    change,
    'models change --dataset online-retail --model dat-nightly --schedule "0 4 * * *"',
    async ({ database }, { model: named, schedule, ...options }) => {
      const { changeRegisteredModel, findRegisteredModel } = await import('@duet/pipeline/control');
      const db = await database();
      const dataset = await findDataset(db, options.dataset);
      const { id, gate, parameters } = await findRegisteredModel(db, dataset.id, named);
      const changes = namedTerms({ ...options, ...(typeof schedule === 'string' && { schedule }) });
      // Limits and settings that are not named stay.
      const patch: RegisteredModelPatch = {
        ...changes,
        ...(changes.gate && { gate: { ...(gate as object), ...changes.gate } }),
        ...(changes.parameters && { parameters: { ...(parameters as object), ...changes.parameters } }),
        ...(schedule === false && { schedule: null }),
      };
      const changed = await changeRegisteredModel(db, id, patch, { actor: actor() });
      return {
        json: changed,
        text: `"${changed.name}" of ${dataset.name} is refreshed ${rhythmOf(changed)}, from the next time on as said.`,
      };
    },
  );

  const unregister = models
    .command('unregister')
    .description('delete a registered model with its schedule and runs; what it trained stays')
    .option('--dataset <name>', 'name or id of the dataset')
    .requiredOption('--model <name>', 'name of a registered model')
    .option('--yes', 'do it');
  job<{ dataset?: string; model: string; yes?: boolean }>(
    unregister,
    'models unregister --dataset online-retail --model dat-nightly --yes',
    async ({ database }, { dataset: named, model, yes = false }) => {
      const { findRegisteredModel, unregisterModel, versionsOf } = await import('@duet/pipeline/control');
      const db = await database();
      const dataset = await findDataset(db, named);
      const registered = await findRegisteredModel(db, dataset.id, model);
      const versions = (await versionsOf(db, registered.id)).length;
      const what = `the registered model "${model}" of ${dataset.name}; its ${versions} versions stay as models of no name`;
      if (!yes) {
        throw new DuetError('conflict', `This would delete ${what}.`, {
          fix: `Say that it is meant: npx duet models unregister --dataset ${dataset.name} --model ${model} --yes.`,
        });
      }
      await unregisterModel(db, registered, { actor: actor() });
      return { json: { removed: registered.id, name: registered.name, versions }, text: `Deleted ${what}.` };
    },
  );
}

interface ChampionOptions {
  dataset?: string;
  model: string;
  version?: number;
  reason?: string;
}

/** `duet promote` and `duet rollback`. */
export function championCommands(program: Command): void {
  for (const name of ['promote', 'rollback'] as const) {
    const command = program
      .command(name)
      .description(
        {
          promote: 'make a version of a registered model its champion, which serves',
          rollback: 'make the champion before the one of now the champion again',
        }[name],
      )
      .option('--dataset <name>', 'name or id of the dataset')
      .requiredOption('--model <name>', 'name of a registered model')
      .option(
        '--version <n>',
        name === 'promote' ? 'the newest when left out' : 'the one before when left out',
        readInteger,
      )
      .option('--reason <text>', 'why');
    job<ChampionOptions>(
      command,
      `${name} --dataset online-retail --model dat-nightly`,
      async ({ database }, options) => {
        const pipeline = await import('@duet/pipeline');
        const db = await database();
        const dataset = await findDataset(db, options.dataset);
        const registered = await pipeline.findRegisteredModel(db, dataset.id, options.model);
        const { version, reason } = options;
        const changed = await pipeline[name](db, registered, { version, reason }, { actor: actor() });
        const instead = changed.before === null ? '' : ` in the place of version ${changed.before.version}`;
        const deployed = changed.deployed ? ' It answers for the dataset, which had no deployment.' : '';
        return {
          json: changed,
          text: `Version ${changed.version} is the champion of "${changed.name}"${instead}.${deployed}`,
        };
      },
    );
  }
}

/** `duet deployments` and `duet deploy`. */
export function deploymentCommands(program: Command): void {
  const list = program
    .command('deployments')
    .description('which registered model answers for a dataset outside experiments')
    .option('--dataset <name>', 'name or id of the dataset');
  job<{ dataset?: string }>(list, 'deployments --dataset online-retail', async ({ database }, options) => {
    const { listDeployments } = await import('@duet/pipeline');
    const db = await database();
    const dataset = await findDataset(db, options.dataset);
    const deployments = await listDeployments(db, dataset.id);
    const rows = deployments.map(({ placement, model, champion, changedBy, changedAt }) => [
      placement || 'everywhere',
      model.name,
      model.kind,
      champion === null ? 'none: popular items answer' : `version ${champion.version}`,
      changedBy,
      minute(changedAt, ''),
    ]);
    return {
      json: { dataset: dataset.name, deployments },
      text:
        rows.length === 0
          ? `Nothing is deployed for ${dataset.name}: popular items answer.`
          : table(['placement', 'model', 'kind', 'champion', 'by', 'since'], rows),
    };
  });

  const deployOne = program
    .command('deploy')
    .description('let a registered model answer for its dataset, or at one placement')
    .option('--dataset <name>', 'name or id of the dataset')
    .option('--model <name>', 'name of a registered model')
    .option('--placement <name>', 'everywhere that has no deployment of its own when left out')
    .option('--end', "end the placement's deployment instead");
  job<{ dataset?: string; model?: string; placement?: string; end?: boolean }>(
    deployOne,
    'deploy --dataset online-retail --model dat-nightly --placement home',
    async ({ database }, { dataset: named, model, placement, end }) => {
      const { deploy, findRegisteredModel, undeploy } = await import('@duet/pipeline');
      const db = await database();
      const dataset = await findDataset(db, named);
      const where = placement === undefined ? 'everywhere' : `at ${placement}`;
      if (end) {
        await undeploy(db, dataset.id, placement ?? '', { actor: actor() });
        return { json: { dataset: dataset.name, placement: placement ?? '', model: null }, text: `Ended ${where}.` };
      }
      const registered = await findRegisteredModel(db, dataset.id, model ?? '');
      await deploy(db, registered, { placement }, { actor: actor() });
      return {
        json: { dataset: dataset.name, placement: placement ?? '', model: registered.name },
        text: `"${registered.name}" answers ${where} from the next look of the services on.`,
      };
    },
  );
}
