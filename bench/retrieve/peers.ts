/** Installs what `bench:retrieve` compares Duet with, and compiles what comes without a binary. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '@duet/base';
import { say } from '../bench.ts';

const run = promisify(execFile);
const folder = path.join(repositoryRoot(), 'bench/peers/retrieve');
const modules = path.join(folder, 'node_modules');
const build = path.join(modules, '.build');

export type PeerName = 'usearch' | 'hnswlib' | 'faiss-node';
/** What a contender loads, or why it cannot. */
export type Peer = { module: string } | { missing: string };

/** Never throws: a peer that cannot be had here says why. */
export async function preparePeers(): Promise<Record<PeerName, Peer>> {
  if (!existsSync(path.join(modules, '.package-lock.json'))) {
    say('installing the peers …');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    try {
      await run(npm, ['install', '--ignore-scripts', '--no-fund', '--no-audit', '--no-package-lock'], { cwd: folder });
    } catch (error) {
      const missing = `npm could not install it: ${lastLine(error)}`;
      return { usearch: { missing }, hnswlib: { missing }, 'faiss-node': { missing } };
    }
  }
  await mkdir(build, { recursive: true });
  return {
    usearch: { module: path.join(modules, 'usearch') },
    hnswlib: await compile('hnswlib', path.join(modules, 'hnswlib-node/src/addon.cc'), [
      ...['-DNAPI_DISABLE_CPP_EXCEPTIONS', '-march=native'],
    ]),
    'faiss-node': await compile('faiss-node', await faissNodeSource(), [
      ...['-DNAPI_CPP_EXCEPTIONS', '-fopenmp', '-DFINTEGER=int', '-lfaiss', '-lopenblas'],
    ]),
  };
}

/** faiss-node 0.5.1 is written for FAISS 1.7.4; Debian's is 1.7.3, where one type has another name. */
async function faissNodeSource(): Promise<string> {
  const source = await readFile(path.join(modules, 'faiss-node/src/faiss.cc'), 'utf8');
  const changed = path.join(build, 'faiss-node.cc');
  await writeFile(changed, source.replace('using idx_t = faiss::idx_t;', 'using idx_t = faiss::Index::idx_t;'));
  return changed;
}

async function compile(name: PeerName, source: string, flags: string[]): Promise<Peer> {
  const module = path.join(build, `${name}.node`);
  if (existsSync(module)) return { module };
  say(`compiling ${name} …`);
  const headers = path.join(modules, 'node-api-headers/include');
  try {
    await run('g++', [
      ...['-std=c++17', '-O3', '-DNDEBUG', '-shared', '-fPIC', '-w', `-DNODE_GYP_MODULE_NAME=addon`],
      ...['-DBUILDING_NODE_EXTENSION', '-I', headers, '-I', path.join(modules, 'node-addon-api'), source, ...flags],
      ...['-o', module],
    ]);
    return { module };
  } catch (error) {
    return { missing: `it could not be compiled: ${lastLine(error)}` };
  }
}

/** The program that reads memory as fast as this machine can, or why there is none. */
export async function prepareStream(): Promise<{ program: string } | { missing: string }> {
  const program = path.join(build, 'stream');
  await mkdir(build, { recursive: true });
  try {
    const source = path.join(import.meta.dirname, 'stream.cc');
    await run('g++', ['-std=c++17', '-O3', '-ffast-math', '-march=native', source, '-o', program]);
    return { program };
  } catch (error) {
    return { missing: lastLine(error) };
  }
}

const lastLine = (error: unknown) => {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split('\n').at(-1)!.slice(0, 200);
};
