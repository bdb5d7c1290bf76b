import path from 'node:path';
import { type Config, formatSeconds } from '@duet/base';
import { type Answer, comparison } from '../answer.ts';
import { metricsBySplit } from '../commands/models/models.ts';
import type { Demo } from '../demo/demo.ts';
import { demoSplit } from '../demo/prepare.ts';
import { type AppName, addressOf } from './apps.ts';
import type { Steps } from './steps.ts';

interface Outcome {
  /** How the first account logs in; undefined once that is its own secret. */
  logIn: string | undefined;
  apps: readonly AppName[];
  /** Undefined where this start makes no demo. */
  demo: Demo | undefined;
  /** What does not work although everything runs. */
  problems: readonly string[];
  steps: Steps;
}

/** What a start says at its end. */
export function report(config: Config, { apps, demo, problems, steps, logIn }: Outcome): Answer {
  const compared = (demo?.models ?? []).map(({ name, metrics }) => ({
    name,
    metrics: metricsBySplit(metrics)[demoSplit] ?? {},
  }));
  const titles = { admin: 'Admin', storefront: 'Storefront', retrieval: 'Retrieval' } as const;
  const addresses = (['admin', 'storefront', 'retrieval'] as const)
    .filter((app) => apps.includes(app))
    .map((app) => [titles[app], addressOf(config, app)] as const);
  const lines = [
    ...(demo ? [`\nThe models, on ${demoSplit} of online-retail (new items only):\n`, comparison(compared)] : []),
    `\n${steps.summary()}`,
    `\nReady in ${formatSeconds(steps.total())}.${demo ? ` The experiment ${demo.experiment.name} is ${demo.experiment.status}.` : ''}\n`,
    ...addresses.map(([title, address]) => `  ${title.padEnd(11)} ${address}`),
    ...(demo && apps.includes('retrieval')
      ? [`  ${'try it'.padEnd(11)} npx duet simulate: a week of simulated shoppers`]
      : []),
    ...(apps.includes('admin') && logIn !== undefined ? [`  ${'log in'.padEnd(11)} ${logIn}`] : []),
    `  ${'logs'.padEnd(11)} ${path.join(config.dataDir, 'logs')}`,
    ...(problems.length > 0 ? ['\nNot everything can be served:', ...problems.map((problem) => `  ✘ ${problem}`)] : []),
  ];
  return {
    json: {
      addresses: Object.fromEntries(addresses.map(([title, address]) => [title.toLowerCase(), address])),
      experiment: demo?.experiment ?? null,
      split: demo ? demoSplit : null,
      models: compared,
      problems,
      steps: steps.records,
      totalSeconds: steps.total(),
    },
    text: lines.join('\n'),
  };
}
