import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Installation, openInstallation } from './installation.ts';
import { blocksOf, moduleOf, root, runPages } from './pages.ts';

/** Whether a program is on the path. */
const isThere = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

let duet: Installation;

before(async () => {
  duet = await openInstallation();
});
after(() => duet?.[Symbol.asyncDispose]());

for (const page of runPages) {
  describe(page, () => {
    for (const { line, language, text, notRun, file, needs } of blocksOf(page)) {
      if (file !== undefined) {
        test(`line ${line}: ${file}`, () => writeFile(path.join(duet.folder, file), duet.addressed(text)));
      }
      if (language !== 'sh' || notRun !== undefined) continue;
      const skip = needs !== undefined && !isThere(needs) && `There is no ${needs} on this machine.`;
      test(`line ${line}: ${text.split('\n', 1)[0]}`, { skip }, async () => {
        await duet.run('bash', ['-euo', 'pipefail', '-c', duet.addressed(text)]);
      });
    }
    const code = moduleOf(page);
    if (code === '') return;
    test('its TypeScript runs', async () => {
      await duet.run(process.execPath, ['--input-type=module-typescript', '--eval', duet.addressed(code)], {
        cwd: root,
      });
    });
  });
}
