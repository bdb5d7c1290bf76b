/**
 * Builds the package `@duet/client` that storefronts install: plain JavaScript and declarations, without dependencies.
 *
 *   npm run pack:client      writes build/duet-client-<version>.tgz, ready for `npm publish` or `npm install <file>`
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { appRouter, type Operation, operationsOf, pascal, wireSchemas } from '@duet/api';
import { build } from 'esbuild';
import { compile } from 'json-schema-to-typescript';
import ts from 'typescript';
import { packFolder } from './tarball.ts';

const packageRoot = path.resolve(import.meta.dirname, '..');
const repository = path.resolve(packageRoot, '../..');
const source = path.join(packageRoot, 'src');
/**
 * What the package exports: `@duet/client`, `@duet/client/beacon` with its events alone, and `@duet/client/node` with what
 * needs Node. `@duet/client/trpc` is a type alone, for shops that call by tRPC's own client.
 */
const entries = { '.': 'client', './beacon': 'beacon', './node': 'file-store' } as const;

/** Writes the package into a folder, and returns the path of its tarball there. */
export async function packClient(into: string): Promise<string> {
  const folder = path.join(into, 'client');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const [manifest] = await Promise.all([manifestOf(), writeCode(folder), writeDeclarations(folder)]);
  return packFolder(packageRoot, folder, into, manifest);
}

async function writeCode(folder: string): Promise<void> {
  await build({
    entryPoints: Object.values(entries).map((name) => path.join(source, `${name}.ts`)),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    // Neither a browser's nor Node's: what runs everywhere.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*'],
    target: 'es2022',
    sourcemap: false,
    legalComments: 'inline',
  });
}

/** The client's own declarations, beside those of what goes over the wire, which are made from the schemas. */
async function writeDeclarations(folder: string): Promise<void> {
  const schemas = wireSchemas(operationsOf(appRouter));
  const wire = JSON.parse(
    JSON.stringify({ title: 'Wire', type: 'object', $defs: schemas }).replaceAll('#/components/schemas/', '#/$defs/'),
  );
  const types = await compile(wire, 'Wire', {
    additionalProperties: false,
    unreachableDefinitions: true,
    bannerComment: '',
    style: { singleQuote: true },
  });
  // Remarks on the generator's own input.
  const noise =
    /^export interface Wire \{\}\n|^ \*\n(?= \* This interface)|^ \* (?:This interface was referenced by|via the `def).*\n/gm;
  await writeFile(path.join(folder, 'wire.d.ts'), types.replace(noise, '').replace(/^\/\*\*\n \*\/\n/gm, ''));

  await writeFile(path.join(folder, 'trpc.d.ts'), routerType(operationsOf(appRouter)));

  const config = ts.readConfigFile(path.join(packageRoot, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, packageRoot);
  const roots = Object.values(entries).map((name) => path.join(source, `${name}.ts`));
  const program = ts.createProgram(roots, {
    ...options,
    ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, stripInternal: true },
  });
  const write = (file: string, text: string) => {
    const named = text.replace(/'@duet\/api'/g, "'./wire.js'").replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'");
    ts.sys.writeFile(path.join(folder, path.basename(file)), named);
  };
  // The client's files alone: those that they take types from are the server's.
  const clientFiles = program.getSourceFiles().filter(({ fileName }) => path.dirname(fileName) === source);
  for (const file of clientFiles) program.emit(file, write);
}

/**
 * The router as tRPC's own client reads it: `createTRPCClient<AppRouter>`. Whoever uses it has `@trpc/server`'s types
 * installed.
 */
function routerType(operations: readonly Operation[]): string {
  const wire = new Set<string>();
  const named = (name: string) => {
    wire.add(name);
    return name;
  };
  const typeOf = ({ name, input, procedure }: Operation) => {
    const kind = procedure._def.type === 'query' ? 'TRPCQueryProcedure' : 'TRPCMutationProcedure';
    const isOptional = input?.safeParse(undefined).success ?? true;
    const asked = input === undefined ? 'void' : `${named(`${pascal(name)}Input`)}${isOptional ? ' | void' : ''}`;
    return `${kind}<{ meta: object; input: ${asked}; output: ${named(`${pascal(name)}Answer`)} }>`;
  };
  const record = (of: readonly Operation[], depth: number): string => {
    const groups = Map.groupBy(of, ({ name }) => name.split('.')[depth]!);
    const members = [...groups].map(([part, inside]) => {
      const [first] = inside as [Operation];
      const isProcedure = first.name.split('.').length === depth + 1;
      return `${part}: ${isProcedure ? typeOf(first) : record(inside, depth + 1)}`;
    });
    return `{ ${members.join('; ')} }`;
  };
  const procedures = record(operations, 0);
  const root = '{ ctx: object; meta: object; errorShape: TRPCDefaultErrorShape; transformer: false }';
  return [
    "import type { TRPCBuiltRouter, TRPCDefaultErrorShape, TRPCMutationProcedure, TRPCQueryProcedure } from '@trpc/server';",
    `import type { ${[...wire].join(', ')} } from './wire.js';`,
    `export type AppRouter = TRPCBuiltRouter<${root}, ${procedures}>;`,
    '',
  ].join('\n');
}

async function manifestOf(): Promise<object> {
  const { version } = JSON.parse(await readFile(path.join(packageRoot, 'package.json'), 'utf8'));
  return {
    name: '@duet/client',
    version,
    description: 'Typed client of Duet, the recommendation platform: recommendations in, events out. No dependencies.',
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    // For who resolves modules as before `exports` were.
    main: './client.js',
    types: './client.d.ts',
    engines: { node: '>=20.19' },
    exports: {
      ...Object.fromEntries(
        Object.entries(entries).map(([name, file]) => [name, { types: `./${file}.d.ts`, default: `./${file}.js` }]),
      ),
      './trpc': { types: './trpc.d.ts' },
    },
    peerDependencies: { '@trpc/server': '^11.0.0' },
    peerDependenciesMeta: { '@trpc/server': { optional: true } },
  };
}

if (import.meta.main) console.log(await packClient(path.join(repository, 'build')));
