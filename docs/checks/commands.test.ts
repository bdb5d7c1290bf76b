import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import ts from 'typescript';
import { type Installation, openInstallation } from './installation.ts';
import { type Block, blocksOf, root, runPages } from './pages.ts';

let duet: Installation;

before(async () => {
  duet = await openInstallation();
});
after(() => duet?.[Symbol.asyncDispose]());

const isCode = ({ language, notRun }: Block) => language === 'ts' && notRun === undefined;

/** A page's TypeScript as one module: later blocks go on with what earlier ones made. */
const moduleOf = (page: string): string =>
  blocksOf(page)
    .filter(isCode)
    .map(({ text }) => text)
    .join('\n');

/** What the compiler says against the modules, each as if it lay at the root of the repository. */
function complaints(modules: ReadonlyMap<string, string>): string[] {
  const { options } = ts.parseJsonConfigFileContent(
    { ...ts.readConfigFile(path.join(root, 'tsconfig.base.json'), ts.sys.readFile).config, files: [...modules.keys()] },
    ts.sys,
    root,
  );
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (file) => modules.has(file) || fileExists(file);
  host.readFile = (file) => modules.get(file) ?? readFile(file);
  const program = ts.createProgram([...modules.keys()], options, host);
  return [...modules.keys()]
    .map((file) => program.getSourceFile(file)!)
    .flatMap((source) => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])
    .map(({ file, start, messageText }) => {
      const line = file!.getLineAndCharacterOfPosition(start!).line + 1;
      return `${path.basename(file!.fileName)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
}

test('the TypeScript of README and guides compiles', () => {
  const fileOf = (page: string) => path.join(root, `${page.replaceAll('/', '-')}.ts`);
  const modules = new Map(
    runPages.map((page) => [fileOf(page), moduleOf(page)] as const).filter(([, text]) => text !== ''),
  );
  assert.ok(modules.size > 0);
  assert.deepEqual(complaints(modules), []);
});

for (const page of runPages) {
  describe(page, () => {
    for (const { line, language, text, notRun, file } of blocksOf(page)) {
      if (file !== undefined) test(`line ${line}: ${file}`, () => writeFile(path.join(duet.folder, file), text));
      if (language !== 'sh' || notRun !== undefined) continue;
      test(`line ${line}: ${text.split('\n', 1)[0]}`, async () => {
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
