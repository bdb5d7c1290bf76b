import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import type { ExperimentPatch } from '@duet/experiments';
import type { Command } from 'commander';
import { findFollowed, findModel } from '../../find.ts';
import { collect, readNumber, readSetting } from '../../options.ts';

/** `key=value` split at the first sign. */
function pair(text: string, what: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new DuetError('bad-input', `"${text}" is no ${what}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

export interface PlanOptions {
  arm: string[];
  traffic?: number;
  metric?: string;
  layer?: string;
  design?: 'ab' | 'interleaving';
  ranker?: string;
  days?: number;
  guardrail: string[];
  target: string[];
  override: string[];
  hypothesis?: string;
  set: Record<string, unknown>;
}

/** The options by which a plan is said, for a new experiment and for a changed one. */
export const planOptions = (command: Command): Command =>
  command
    .option(
      '--arm <name=model>',
      'an arm and its model, the control first: the registered model whose champion it follows, or, pinned, name@version or an id; further with commas: new=dat,weight=0.3,index=ID,alpha=1',
      collect,
      [],
    )
    .option('--traffic <share>', 'share of the users that enter it, 0 to 1', readNumber)
    .option('--metric <metric>', 'the primary metric: ctr, conversion, gmvPerUser …')
    .option('--layer <name>', 'experiments of one layer share no user; --set layerShare=0.5 is its part')
    .option('--design <design>', 'ab or interleaving')
    .option('--ranker <id>', 'of all arms that name none; newest, the default, is the newest one when it starts')
    .option('--days <number>', 'planned duration', readNumber)
    .option('--guardrail <metric=loss>', 'no arm may lower the metric by more than this share: ctr=0.02', collect, [])
    .option('--target <attribute=a|b>', 'only users or requests with one of these values', collect, [])
    .option('--override <user=arm>', 'for QA: this user sees this arm and does not count', collect, [])
    .option('--hypothesis <text>', 'what is expected, written down before the first figure')
    .option(
      '--set <key=value>',
      'any other setting: stopRules.srm=stop gmvCapQuantile=0.99 excludedUsers=["1","2"]',
      readSetting,
      {},
    );

/** `a.b=1` as `{ a: { b: 1 } }`. A user's id after `overrides.` may have dots of its own. */
function nested(set: Record<string, unknown>): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(set)) {
    const at = key.indexOf('.');
    const outer = at < 0 ? key : key.slice(0, at);
    settings[outer] = at < 0 ? value : { ...(settings[outer] as object), [key.slice(at + 1)]: value };
  }
  return settings;
}

async function readArms(db: Database, datasetId: string, texts: readonly string[]): Promise<ExperimentPatch['arms']> {
  if (texts.length === 0) return undefined;
  return Promise.all(
    texts.map(async (text, place) => {
      const [first, ...further] = text.split(',');
      const [name, model] = pair(first!, 'arm: write name=model');
      const keys = Object.fromEntries(further.map((part) => pair(part, 'part of an arm: write key=value')));
      const { weight, index, ranker, alpha, diversity, 'demote-after': demoteAfter, ...unknown } = keys;
      const [strange] = Object.keys(unknown);
      if (strange !== undefined) {
        const fix = 'An arm has weight, index, ranker, alpha, diversity and demote-after.';
        throw new DuetError('bad-input', `An arm has no "${strange}".`, { where: { field: `arms.${name}` }, fix });
      }
      const followed = await findFollowed(db, datasetId, model);
      const serves =
        followed === null
          ? { modelId: (await findModel(db, model, datasetId)).id }
          : { registeredModelId: followed.id };
      return {
        ...{ name, ...serves, control: place === 0 },
        weight: weight === undefined ? 1 / texts.length : Number(weight),
        ...(index !== undefined && { indexId: index }),
        settings: {
          ...(ranker !== undefined && { rankerId: ranker }),
          ...(alpha !== undefined && { alpha: Number(alpha) }),
          ...(diversity !== undefined && { diversity: Number(diversity) }),
          ...(demoteAfter !== undefined && { demoteAfter: Number(demoteAfter) }),
        },
      };
    }),
  );
}

/** What the options say, as a change of a plan. */
export async function readPlan(db: Database, datasetId: string, options: PlanOptions): Promise<ExperimentPatch> {
  const { guardrail, target, override, days, hypothesis } = options;
  const guardrails = guardrail.map((text) => {
    const [metric, loss] = pair(text, 'guardrail: write metric=loss, such as ctr=0.02');
    return { metric, maxRelativeLoss: Number(loss) };
  });
  const targeting = target.map((text) => {
    const [attribute, values] = pair(text, 'target: write attribute=value, or a|b for several');
    return { attribute, in: values.split('|') };
  });
  return {
    arms: await readArms(db, datasetId, options.arm),
    trafficShare: options.traffic,
    primaryMetric: options.metric,
    layer: options.layer,
    design: options.design,
    rankerId: options.ranker === 'newest' ? null : options.ranker,
    settings: {
      ...nested(options.set),
      ...(guardrails.length > 0 && { guardrails }),
      ...(targeting.length > 0 && { targeting }),
      ...(override.length > 0 && {
        overrides: Object.fromEntries(override.map((text) => pair(text, 'override: write user=arm'))),
      }),
      ...(days !== undefined && { plannedDays: days }),
      ...(hypothesis !== undefined && { hypothesis }),
    },
  };
}
