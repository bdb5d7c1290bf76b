#!/usr/bin/env node
/**
 * Compiles native/, Duet's binding to FAISS, into build/.
 *
 *   node packages/ann/scripts/build-native.mjs          the system's FAISS → build/faiss.node (about 15 s the first time)
 *   node packages/ann/scripts/build-native.mjs --avx2   FAISS from Debian's source package, compiled for AVX2
 *                                                       → build/faiss-avx2.node (a minute or two, 2.5–4.7 × faster)
 *
 * On Debian and Ubuntu as root it installs what is missing; otherwise it says what to type. It never fails a set-up:
 * whatever goes wrong is one announced sentence, and Duet runs on the next engine (see `npx duet doctor`). A second
 * run is instant: a stamp beside each output names the sources and the library that it was built from.
 *
 * Plain JavaScript for Node ≥ 20, because it runs before anything else is set up. g++ is called directly with the
 * ABI-stable Node-API headers from npm, so neither node-gyp nor Node's own headers are needed, and one output serves
 * every Node version.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const native = path.join(root, 'native');
const source = path.join(native, 'addon.cc');
const buildDir = path.join(root, 'build');
const say = (/** @type {string} */ sentence) => process.stderr.write(`FAISS: ${sentence}\n`);
const seconds = (/** @type {number} */ since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** A reason to stop that is written for the reader. */
class Announcement extends Error {}

/** Runs a program with its output held back; shown only where it fails. */
async function quietly(program, args, options = {}) {
  try {
    const { stdout } = await run(program, args, { maxBuffer: 64 << 20, ...options });
    return stdout;
  } catch (error) {
    const output = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
    throw new Announcement(
      `${path.basename(program)} ${args.slice(0, 3).join(' ')} failed.\n${output || error.message}`,
    );
  }
}

function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

function isDebian() {
  if (process.platform !== 'linux' || !fs.existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(fs.readFileSync('/etc/os-release', 'utf8')) && has('apt-get');
}

function installedVersion(debianPackage) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are dpkg-query's own.
  const found = spawnSync('/usr/bin/dpkg-query', ['-W', '-f', '${db:Status-Status} ${Version}', debianPackage], {
    encoding: 'utf8',
  });
  const [status, version] = (found.stdout ?? '').split(' ');
  return found.status === 0 && status === 'installed' ? version : undefined;
}

/** Installs the Debian packages that are missing, as root; otherwise says what to type. */
async function installPackages(wanted) {
  const missing = wanted.filter((name) => installedVersion(name) === undefined && !(name === 'g++' && has('g++')));
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) {
    throw new Announcement(`missing here: ${missing.join(', ')}. Install with: sudo ${command}`);
  }
  const began = Date.now();
  say(`installing ${missing.join(', ')} …`);
  const apt = (...args) =>
    quietly('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-qq', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  const install = () => apt('install', '-y', '--no-install-recommends', ...missing);
  try {
    await install();
  } catch {
    // A fresh machine has no package lists, an old one lists of packages that are gone.
    await apt('update');
    try {
      await install();
    } catch (error) {
      throw new Announcement(`${error.message}\nTo try again by hand: apt-get update && ${command}`);
    }
  }
  say(`installed ${missing.join(', ')} (${seconds(began)}).`);
}

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

/** What an output depends on; equal stamps mean that nothing has to be done. */
function stampOf(...parts) {
  const hash = createHash('sha256');
  const sources = fs
    .readdirSync(native)
    .sort()
    .map((name) => path.join(native, name));
  for (const file of [...sources, fileURLToPath(import.meta.url)]) hash.update(fs.readFileSync(file));
  return hash.update(JSON.stringify([process.platform, process.arch, ...parts])).digest('hex');
}

function isCurrent(name, stamp) {
  const file = path.join(buildDir, `${name}.stamp`);
  return (
    fs.existsSync(path.join(buildDir, `${name}.node`)) &&
    fs.existsSync(file) &&
    fs.readFileSync(file, 'utf8').trim() === stamp
  );
}

/** Compiles and links one binding, proves in another process that it loads and finds a neighbour, then puts it in place. */
async function compile(name, stamp, { includes, library }) {
  fs.mkdirSync(buildDir, { recursive: true });
  const output = path.join(buildDir, `${name}.node`);
  const temporary = path.join(buildDir, `${name}.${process.pid}.tmp.node`);
  try {
    await quietly('g++', [
      ...['-std=c++17', '-O3', '-shared', '-fPIC', '-fopenmp', '-fvisibility=hidden', '-DNDEBUG', '-DFINTEGER=int'],
      ...['-DNAPI_VERSION=8', '-DNAPI_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      ...['-DNODE_GYP_MODULE_NAME=faiss', '-DBUILDING_NODE_EXTENSION'],
      ...[...nodeApiIncludes(), ...includes].flatMap((folder) => ['-isystem', folder]),
      source,
      ...['-o', temporary, library, '-lopenblas'],
      // Two builds of FAISS may be loaded into one process: neither may see the other's symbols.
      ...['-Wl,--exclude-libs,ALL', '-Wl,-Bsymbolic', '-Wl,--gc-sections', '-s'],
    ]);
    const trial = `const { FaissIndex } = require(${JSON.stringify(temporary)});
      const index = FaissIndex.create('Flat', 2);
      index.add(new Float32Array([1, 0, 0, 1]), undefined, 1)
        .then(() => index.search(new Float32Array([0, 1]), 1, 0, 0, undefined))
        .then(({ ids }) => process.exit(ids[0] === 1 ? 0 : 1), (error) => { console.error(error); process.exit(1); });`;
    await quietly(process.execPath, ['-e', trial]);
    // Renamed into place, not written over: a copy of the checkout made of hard links keeps its own.
    fs.writeFileSync(`${temporary}.stamp`, `${stamp}\n`);
    fs.renameSync(temporary, output);
    fs.renameSync(`${temporary}.stamp`, path.join(buildDir, `${name}.stamp`));
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

function requireDebian() {
  if (isDebian()) return;
  const system = { darwin: 'macOS', win32: 'Windows' }[process.platform] ?? `this ${process.platform}`;
  throw new Announcement(
    `our binding is built on Debian and Ubuntu only. On ${system} Duet uses faiss-node's prebuilt binary where npm could install it, else an exact scan.`,
  );
}

async function buildSystem() {
  requireDebian();
  let stamp = stampOf(installedVersion('libfaiss-dev'));
  if (isCurrent('faiss', stamp)) return say('build/faiss.node is up to date.');
  await installPackages(['libfaiss-dev', 'libopenblas-dev', 'g++']);
  const version = installedVersion('libfaiss-dev');
  stamp = stampOf(version);
  const began = Date.now();
  say(`compiling the binding against the system's FAISS ${version} …`);
  await compile('faiss', stamp, { includes: [], library: '-lfaiss' });
  say(`compiled build/faiss.node (${seconds(began)}).`);
}

/** Source lists of our own, so that the system's stay as they are: the same archives, source packages enabled. */
function sourceLists(folder) {
  const parts = path.join(folder, 'parts');
  fs.mkdirSync(parts, { recursive: true });
  const system = '/etc/apt/sources.list.d';
  const files = fs.existsSync(system) ? fs.readdirSync(system).map((name) => path.join(system, name)) : [];
  for (const file of ['/etc/apt/sources.list', ...files]) {
    if (!fs.existsSync(file)) continue;
    const lines = fs.readFileSync(file, 'utf8');
    const target = path.join(parts, path.basename(file));
    if (file.endsWith('.sources')) fs.writeFileSync(target, lines.replace(/^Types:.*$/gm, 'Types: deb-src'));
    if (file.endsWith('.list')) fs.writeFileSync(target, lines.replace(/^deb(-src)?\s/gm, 'deb-src '));
  }
  for (const name of ['lists/partial', 'cache/archives/partial']) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  }
  return [
    ...['-o', 'Dir::Etc::sourcelist=/dev/null', '-o', `Dir::Etc::sourceparts=${parts}`],
    ...['-o', `Dir::State::lists=${path.join(folder, 'lists')}`, '-o', `Dir::Cache=${path.join(folder, 'cache')}`],
    ...(process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []),
  ];
}

/** Fetches the source package, its signature checked by apt, and unpacks it. Returns the folder of FAISS's sources. */
async function fetchSource(folder) {
  const options = sourceLists(folder);
  await quietly('apt-get', [...options, '-qq', 'update'], { cwd: folder });
  await quietly('apt-get', [...options, '-qq', '--download-only', 'source', 'faiss'], { cwd: folder });
  const tarball = fs.readdirSync(folder).find((name) => /^faiss_.*\.orig\.tar\.\w+$/.test(name));
  if (tarball === undefined) throw new Announcement("Debian's source package of FAISS holds no .orig tarball.");
  const unpacked = path.join(folder, 'source');
  fs.mkdirSync(unpacked);
  await quietly('tar', ['-xf', path.join(folder, tarball), '--strip-components=1', '-C', unpacked]);
  return { unpacked, version: /^faiss_(.*?)(\+ds\d*)?\.orig/.exec(tarball)?.[1] ?? 'unknown' };
}

/** Compiles FAISS's own sources for AVX2, one compiler a core, at low priority: it runs beside a working Duet. */
async function compileAvx2Library(unpacked, archive) {
  const sources = ['', 'impl', 'invlists', 'utils', 'utils/distances_fused', 'utils/simdlib', 'impl/pq4_fast_scan']
    .map((name) => path.join(unpacked, 'faiss', name))
    .filter((name) => fs.existsSync(name))
    .flatMap((name) => fs.readdirSync(name).map((file) => path.join(name, file)))
    .filter((file) => file.endsWith('.cpp') && !/avx512|sve|neon/i.test(path.basename(file)));
  const objects = path.join(unpacked, 'objects');
  fs.mkdirSync(objects, { recursive: true });
  let done = 0;
  const queue = [...sources];
  const began = Date.now();
  const compileNext = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const object = path.join(objects, `${path.relative(unpacked, file).replaceAll(path.sep, '_')}.o`);
      await quietly('nice', [
        ...['-n', '10', 'g++', '-std=c++17', '-O3', '-DNDEBUG', '-DFINTEGER=int', '-fPIC', '-fopenmp', '-w'],
        ...['-mavx2', '-mfma', '-mf16c', '-mpopcnt', '-ffunction-sections', '-I', unpacked, '-c', file, '-o', object],
      ]);
      done++;
      if (done % 20 === 0) say(`compiled ${done} of ${sources.length} files (${seconds(began)}).`);
    }
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, compileNext));
  await quietly('ar', ['rcs', archive, ...fs.readdirSync(objects).map((name) => path.join(objects, name))]);
}

async function buildAvx2() {
  requireDebian();
  const flags = /^flags\s*:(.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  if (process.arch !== 'x64' || !['avx2', 'fma', 'f16c', 'popcnt'].every((flag) => flags.includes(flag))) {
    throw new Announcement('this CPU has no AVX2, so the AVX2 build would not run here.');
  }
  const cache = path.join(buildDir, 'avx2');
  const archive = path.join(cache, 'libfaiss_avx2.a');
  const stamp = stampOf('avx2');
  if (isCurrent('faiss-avx2', stamp)) return say('build/faiss-avx2.node is up to date.');
  await installPackages(['libopenblas-dev', 'g++']);
  if (!fs.existsSync(archive)) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-faiss-'));
    try {
      const began = Date.now();
      say("fetching Debian's source package of FAISS …");
      const { unpacked, version } = await fetchSource(folder);
      say(`fetched FAISS ${version} (${seconds(began)}); compiling it for AVX2, about two CPU minutes …`);
      const library = path.join(folder, 'libfaiss_avx2.a');
      await compileAvx2Library(unpacked, library);
      fs.rmSync(cache, { recursive: true, force: true });
      fs.cpSync(path.join(unpacked, 'faiss'), path.join(cache, 'include', 'faiss'), {
        recursive: true,
        filter: (file) => !path.extname(file) || file.endsWith('.h'),
      });
      fs.copyFileSync(library, `${archive}.tmp`);
      fs.renameSync(`${archive}.tmp`, archive);
      say(`compiled FAISS ${version} for AVX2 (${seconds(began)} in all).`);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
  const began = Date.now();
  await compile('faiss-avx2', stamp, { includes: [path.join(cache, 'include')], library: archive });
  say(`linked build/faiss-avx2.node (${seconds(began)}).`);
}

try {
  if (process.argv.includes('--avx2')) await buildAvx2();
  else {
    await buildSystem();
    // An AVX2 build of before is linked to the binding of now; making one takes longer, and is asked for.
    if (fs.existsSync(path.join(buildDir, 'faiss-avx2.node'))) await buildAvx2();
  }
} catch (error) {
  say(error instanceof Announcement ? error.message : `the build stopped unexpectedly: ${error?.stack ?? error}`);
  say('Duet goes on with the next engine that works here; `npx duet doctor` says which.');
}
