import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { moduleOf, root, runPages } from './pages.ts';

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
