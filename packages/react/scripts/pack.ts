/**
 * Builds the package `@duet/react` that shops install beside `@duet/client`: plain JavaScript, a file for each source,
 * so that `'use client'` stays where it is; and declarations.
 *
 *   npm run pack:react      writes build/duet-react-<version>.tgz
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { packFolder } from '@duet/client/tarball';
import ts from 'typescript';

const packageRoot = path.resolve(import.meta.dirname, '..');
const repository = path.resolve(packageRoot, '../..');
const source = path.join(packageRoot, 'src');

/** Writes the package into a folder, and returns the path of its tarball there. */
export async function packReact(into: string): Promise<string> {
  const folder = path.join(into, 'react');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  writeCode(folder);
  const { version } = JSON.parse(await readFile(path.join(packageRoot, 'package.json'), 'utf8'));
  const manifest = {
    name: '@duet/react',
    version,
    description: 'Recommendations of Duet in React: lists, hooks, and the impressions and clicks that go back.',
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    main: './index.js',
    types: './index.d.ts',
    exports: {
      '.': { types: './index.d.ts', default: './index.js' },
      './server': { types: './server.d.ts', default: './server.js' },
    },
    peerDependencies: { '@duet/client': version, react: '>=19' },
  };
  return packFolder(packageRoot, folder, into, manifest);
}

function writeCode(folder: string): void {
  const config = ts.readConfigFile(path.join(packageRoot, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, packageRoot);
  const program = ts.createProgram([path.join(source, 'index.ts'), path.join(source, 'server.tsx')], {
    ...options,
    ...{ noEmit: false, declaration: true, rewriteRelativeImportExtensions: true, stripInternal: true },
    outDir: folder,
    rootDir: source,
  });
  const reactFiles = program.getSourceFiles().filter(({ fileName }) => path.dirname(fileName) === source);
  for (const file of reactFiles) {
    program.emit(file, (name, text) => ts.sys.writeFile(path.join(folder, path.basename(name)), text));
  }
}

if (import.meta.main) console.log(await packReact(path.join(repository, 'build')));
