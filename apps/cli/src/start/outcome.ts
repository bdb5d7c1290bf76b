import path from 'node:path';
import { type Config, formatSeconds, readSecret } from '@duet/base';
import { type Answer, comparison } from '../answer.ts';
import { metricsBySplit } from '../commands/models/models.ts';
import type { Demo } from '../demo/demo.ts';
import { adminPassword, demoSplit } from '../demo/prepare.ts';
import { type AppName, addressOf } from './apps.ts';
import type { Steps } from './steps.ts';

interface Outcome {
  /** Whether this start made the admin's password, which is then shown this once. */
  newPassword: boolean;
  apps: readonly AppName[];
  /** Undefined where this start makes no demo. */
  demo: Demo | undefined;
  /** What does not work although everything runs. */
  problems: readonly string[];
  steps: Steps;
}

/** What a start says at its end. */
export function report(config: Config, { apps, demo, problems, steps, newPassword }: Outcome): Answer {
  const compared = (demo?.models ?? []).map(({ name, metrics }) => ({
    name,
    metrics: metricsBySplit(metrics)[demoSplit] ?? {},
  }));
  const titles = { admin: 'Admin', storefront: 'Storefront', retrieval: 'Retrieval' } as const;
  const addresses = (['admin', 'storefront', 'retrieval'] as const)
    .filter((app) => apps.includes(app))
    .map((app) => [titles[app], addressOf(config, app)] as const);
  const kept = path.join(config.dataDir, `keys/${adminPassword}.key`);
  const password =
    config.adminPassword !== undefined
      ? 'as DUET_ADMIN_PASSWORD says'
      : newPassword
        ? `${readSecret(config.dataDir, adminPassword)} (kept in ${kept})`
        : `in ${kept}`;
  const lines = [
    ...(demo ? [`\nThe models, on ${demoSplit} of online-retail (new items only):\n`, comparison(compared)] : []),
    `\n${steps.summary()}`,
    `\nReady in ${formatSeconds(steps.total())}.${demo ? ` The experiment ${demo.experiment.name} is ${demo.experiment.status}.` : ''}\n`,
    ...addresses.map(([title, address]) => `  ${title.padEnd(11)} ${address}`),
    ...(demo && apps.includes('retrieval')
      ? [`  ${'try it'.padEnd(11)} npx duet simulate: a week of simulated shoppers`]
      : []),
    ...(apps.includes('admin') ? [`  ${'password'.padEnd(11)} ${password}`] : []),
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
