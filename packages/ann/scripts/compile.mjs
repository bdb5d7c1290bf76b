/** Compiles native/ into one binding, or takes it from the user's cache, where every checkout puts what it compiled. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '@duet/base/cache-folder';
import { Announcement, distribution, quietly } from './debian.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const native = path.join(root, 'native');
const scripts = path.join(root, 'scripts');
export const buildDir = path.join(root, 'build');

/** Bindings that are kept: the newest of so many states of the sources and kinds of build. */
const keptBindings = 12;

/** The place of what `names` describe in the user's cache: equal names, equal thing. */
export const cached = (...names) => {
  const folder = path.join(cacheFolder(), 'faiss');
  fs.mkdirSync(folder, { recursive: true });
  return path.join(folder, names.join('-'));
};

/** SHA-256 over what an output depends on; equal stamps mean that nothing has to be done. */
export function stampOf(...parts) {
  const hash = createHash('sha256');
  for (const folder of [native, scripts]) {
    for (const name of fs.readdirSync(folder).sort()) hash.update(fs.readFileSync(path.join(folder, name)));
  }
  return hash.update(JSON.stringify([process.platform, process.arch, distribution(), ...parts])).digest('hex');
}

const outputOf = (name) => path.join(buildDir, `${name}.node`);
const stampFile = (name) => path.join(buildDir, `${name}.stamp`);
const bindingOf = (name, stamp) => cached('binding', name, `${stamp.slice(0, 20)}.node`);

export const isCurrent = (name, stamp) =>
  fs.existsSync(outputOf(name)) &&
  fs.existsSync(stampFile(name)) &&
  fs.readFileSync(stampFile(name), 'utf8').trim() === stamp;

/** The include folders of the N-API headers, from npm. */
function nodeApiIncludes() {
  const require = createRequire(import.meta.url);
  try {
    const addonApi = path.dirname(require.resolve('node-addon-api/package.json'));
    const headers = path.dirname(require.resolve('node-api-headers/package.json'));
    return [addonApi, path.join(headers, 'include')];
  } catch {
    throw new Announcement('the npm packages node-addon-api and node-api-headers are not installed: run npm ci.');
  }
}

/** Proves in another process that a binding loads and finds a neighbour. */
async function tryOut(binding, env) {
  const trial = `const { FaissIndex } = require(${JSON.stringify(binding)});
    const index = FaissIndex.create('Flat', 2);
    index.add(new Float32Array([1, 0, 0, 1]), undefined, 1)
      .then(() => index.search(new Float32Array([0, 1]), 1, 0, 0, undefined))
      .then(({ ids }) => process.exit(ids[0] === 1 ? 0 : 1), (error) => { console.error(error); process.exit(1); });`;
  await quietly(process.execPath, ['-e', trial], { env: { ...process.env, ...env } });
}

/**
 * Puts a binding that works in its place. Renamed, not written over: a copy of the checkout by hard links keeps its
 * own.
 */
function place(name, stamp, file) {
  const temporary = `${outputOf(name)}.${process.pid}.tmp`;
  fs.copyFileSync(file, temporary);
  fs.writeFileSync(`${temporary}.stamp`, `${stamp}\n`);
  fs.renameSync(temporary, outputOf(name));
  fs.renameSync(`${temporary}.stamp`, stampFile(name));
}

function keep(name, stamp, file) {
  const cachedBinding = bindingOf(name, stamp);
  fs.copyFileSync(file, `${cachedBinding}.${process.pid}.tmp`);
  fs.renameSync(`${cachedBinding}.${process.pid}.tmp`, cachedBinding);
  const folder = path.dirname(cachedBinding);
  const names = fs.readdirSync(folder).filter((name) => /^binding-.*\.node$/.test(name));
  const all = names.map((name) => path.join(folder, name)).map((file) => ({ file, at: fs.statSync(file).mtimeMs }));
  for (const { file } of all.sort((a, b) => b.at - a.at).slice(keptBindings)) {
    fs.rmSync(file, { force: true });
  }
}

/** Puts the binding of these sources in place where the cache has it, tried out in `env`. Returns whether it did. */
export async function takeFromCache(name, stamp, env = {}) {
  const cachedBinding = bindingOf(name, stamp);
  if (!fs.existsSync(cachedBinding)) return false;
  fs.mkdirSync(buildDir, { recursive: true });
  try {
    await tryOut(cachedBinding, env);
  } catch {
    // The system's libraries are not those that it was linked with: it is compiled anew.
    return false;
  }
  fs.utimesSync(cachedBinding, new Date(), new Date());
  place(name, stamp, cachedBinding);
  return true;
}

/**
 * Compiles and links a binding, tries it out, puts it in place, and keeps it for other checkouts.
 *
 * @param options.libraries what it is linked with
 * @param options.flags of the compiler, beside the optimising ones
 * @param options.env of the process that tries it out
 */
export async function compile(name, stamp, { includes = [], libraries, flags = ['-O3', '-DNDEBUG', '-s'], env = {} }) {
  fs.mkdirSync(buildDir, { recursive: true });
  const temporary = path.join(buildDir, `${name}.${process.pid}.tmp.node`);
  const sources = fs.readdirSync(native).filter((file) => file.endsWith('.cc'));
  try {
    await quietly('g++', [
      ...['-std=c++17', '-shared', '-fPIC', '-fopenmp', '-fvisibility=hidden', '-DFINTEGER=int', ...flags],
      ...['-DNAPI_VERSION=8', '-DNAPI_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      ...['-DNODE_GYP_MODULE_NAME=faiss', '-DBUILDING_NODE_EXTENSION'],
      ...[...nodeApiIncludes(), ...includes].flatMap((folder) => ['-isystem', folder]),
      ...sources.map((file) => path.join(native, file)),
      ...['-o', temporary, ...libraries, '-lopenblas'],
      // Two builds of FAISS may be loaded into one process: neither may see the other's symbols.
      ...['-Wl,--exclude-libs,ALL', '-Wl,-Bsymbolic', '-Wl,--gc-sections'],
    ]);
    await tryOut(temporary, env);
    place(name, stamp, temporary);
    keep(name, stamp, temporary);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}
