#!/usr/bin/env node
/**
 * Compiles native/, Duet's binding to FAISS, into build/.
 *
 *   node packages/ann/scripts/build-native.mjs            the system's FAISS → build/faiss.node (about 15 s)
 *   node packages/ann/scripts/build-native.mjs --avx2     FAISS from Debian's source package, compiled for AVX2
 *                                                         → build/faiss-avx2.node (a minute or two, 2.5–4.7 × faster)
 *   node packages/ann/scripts/build-native.mjs --sanitize the first with address and undefined-behaviour sanitizers
 *                                                         → build/faiss-sanitized.node, for fuzz.test.ts
 *
 * On Debian and Ubuntu as root it installs what is missing; otherwise it says what to type. It never fails a set-up:
 * whatever goes wrong is one announced sentence, and Duet runs on the next engine (see `npx duet doctor`). A second
 * run is instant: a stamp beside each output names the sources and the library that it was built from. What was
 * compiled is kept in the user's cache, so that a second checkout of the same sources takes it from there.
 *
 * Plain JavaScript for Node ≥ 20, because it runs before anything else is set up. g++ is called directly with the
 * ABI-stable Node-API headers from npm, so neither node-gyp nor Node's own headers are needed, and one output serves
 * every Node version.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildDir, cached, compile, isCurrent, stampOf, takeFromCache } from './compile.mjs';
import {
  Announcement,
  distribution,
  fetchSource,
  installedVersion,
  installPackages,
  quietly,
  requireDebian,
  say,
  secondsSince,
} from './debian.mjs';
import { sanitizerEnvironment, sanitizerFlags } from './sanitizers.mjs';

async function buildSystem() {
  requireDebian();
  let stamp = stampOf(installedVersion('libfaiss-dev'));
  if (isCurrent('faiss', stamp)) return say('build/faiss.node is up to date.');
  await installPackages(['libfaiss-dev', 'libopenblas-dev', 'g++']);
  const version = installedVersion('libfaiss-dev');
  stamp = stampOf(version);
  if (await takeFromCache('faiss', stamp)) return say('build/faiss.node was compiled before: taken from the cache.');
  const began = Date.now();
  say(`compiling the binding against the system's FAISS ${version} …`);
  await compile('faiss', stamp, { libraries: ['-lfaiss'] });
  say(`compiled build/faiss.node (${secondsSince(began)}).`);
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
      if (done % 20 === 0) say(`compiled ${done} of ${sources.length} files (${secondsSince(began)}).`);
    }
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, compileNext));
  await quietly('ar', ['rcs', archive, ...fs.readdirSync(objects).map((name) => path.join(objects, name))]);
}

/** FAISS for AVX2 as a library with its headers, compiled once for each distribution, in the user's cache. */
async function avx2Library() {
  const cachedFolder = cached('avx2', process.arch, distribution().replace(/\W+/g, '-'));
  if (fs.existsSync(path.join(cachedFolder, 'libfaiss.a'))) return cachedFolder;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'duet-faiss-'));
  try {
    const began = Date.now();
    say("fetching Debian's source package of FAISS …");
    const { unpacked, version } = await fetchSource(folder);
    say(`fetched FAISS ${version} (${secondsSince(began)}); compiling it for AVX2, about two CPU minutes …`);
    const made = `${cachedFolder}.${process.pid}`;
    fs.cpSync(path.join(unpacked, 'faiss'), path.join(made, 'include', 'faiss'), {
      recursive: true,
      filter: (file) => !path.extname(file) || file.endsWith('.h'),
    });
    await compileAvx2Library(unpacked, path.join(made, 'libfaiss.a'));
    // Another checkout may have been faster.
    if (!fs.existsSync(cachedFolder)) fs.renameSync(made, cachedFolder);
    fs.rmSync(made, { recursive: true, force: true });
    say(`compiled FAISS ${version} for AVX2 (${secondsSince(began)} in all).`);
    return cachedFolder;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether this CPU has what compileAvx2Library compiles for. */
function hasAvx2() {
  if (process.arch !== 'x64') return false;
  const flags = /^flags\s*:(.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  return ['avx2', 'fma', 'f16c', 'popcnt'].every((flag) => flags.includes(flag));
}

const avx2Stamp = () => stampOf('avx2');

async function buildAvx2() {
  requireDebian();
  if (!hasAvx2()) throw new Announcement('this CPU has no AVX2, so the AVX2 build would not run here.');
  const stamp = avx2Stamp();
  if (isCurrent('faiss-avx2', stamp)) return say('build/faiss-avx2.node is up to date.');
  await installPackages(['libopenblas-dev', 'g++']);
  if (await takeFromCache('faiss-avx2', stamp)) {
    return say('build/faiss-avx2.node was compiled before: taken from the cache.');
  }
  const library = await avx2Library();
  const began = Date.now();
  await compile('faiss-avx2', stamp, {
    includes: [path.join(library, 'include')],
    libraries: [path.join(library, 'libfaiss.a')],
  });
  say(`linked build/faiss-avx2.node (${secondsSince(began)}).`);
}

/** Compiles the binding with sanitizers, and prints where it is and the environment in which a Node loads it. */
async function buildSanitized() {
  requireDebian();
  await installPackages(['libfaiss-dev', 'libopenblas-dev', 'g++']);
  const env = sanitizerEnvironment();
  if (env === undefined) throw new Announcement('the compiler here has no address and undefined-behaviour sanitizers.');
  const name = 'faiss-sanitized';
  const stamp = stampOf('sanitized', installedVersion('libfaiss-dev'));
  if (!isCurrent(name, stamp) && !(await takeFromCache(name, stamp, env))) {
    const began = Date.now();
    await compile(name, stamp, { libraries: ['-lfaiss'], flags: sanitizerFlags, env });
    say(`compiled build/${name}.node (${secondsSince(began)}).`);
  }
  process.stdout.write(JSON.stringify({ binding: path.join(buildDir, `${name}.node`), env }));
}

try {
  if (process.argv.includes('--sanitize')) await buildSanitized();
  else if (process.argv.includes('--avx2')) await buildAvx2();
  else {
    await buildSystem();
    // An AVX2 build of before is linked to the binding of now, and one of another checkout is taken over; making one
    // takes longer, and is asked for.
    const before = fs.existsSync(path.join(buildDir, 'faiss-avx2.node'));
    if (before) await buildAvx2();
    else if (hasAvx2() && (await takeFromCache('faiss-avx2', avx2Stamp())))
      say('build/faiss-avx2.node: from the cache.');
  }
} catch (error) {
  say(error instanceof Announcement ? error.message : `the build stopped unexpectedly: ${error?.stack ?? error}`);
  say('Duet goes on with the next engine that works here; `npx duet doctor` says which.');
}
