import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot, settings } from '@duet/base';

/** Every setting with its meaning and default, as a file that `.env` can begin from. */
export const envExample = (): string =>
  [
    '# Every setting of Duet with its default. Copy this to .env and take the # away from what you change.',
    '# What the environment says goes over this file. Made by: node docs/checks/env-example.ts',
    ...settings.flatMap(({ env, default: value, meaning }) => ['', `# ${meaning}`, `# ${env}=${value}`]),
    '',
  ].join('\n');

if (import.meta.main) writeFileSync(path.join(repositoryRoot(), '.env.example'), envExample());
