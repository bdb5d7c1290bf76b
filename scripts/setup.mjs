/**
 * What `npm start` and `npm test` do first: install what is missing, and nothing when nothing is.
 * Plain JavaScript for Node ≥ 20, without dependencies, because it runs before `npm ci`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { findNode24, root, withNodeFirst } from './node24.mjs';

const say = (sentence) => process.stderr.write(`${sentence}\n`);
const secondsSince = (began) => `${((performance.now() - began) / 1000).toFixed(1)} s`;

/** A reason to stop that is written for the reader. */
export class SetupError extends Error {}

/** Runs a program with its output held back and shown where it fails. Resolves to whether it worked. */
function quietly(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    const end = (worked, reason = '') => resolve({ worked, output: `${Buffer.concat(output)}${reason}`.trim() });
    child.on('error', (error) => end(false, error.message));
    child.on('close', (code) => end(code === 0));
  });
}

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

/**
 * Whether node_modules holds what the lock file says. npm keeps its own record of what it installed, written last, so
 * that an interrupted install is seen too. An optional package may be absent: it is for another platform, or failed.
 */
function packagesAreCurrent() {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(record)) return false;
  const installed = readJson(record).packages;
  return Object.entries(readJson(path.join(root, 'package-lock.json')).packages).every(([place, listed]) => {
    if (!place.startsWith('node_modules/') && !place.includes('/node_modules/')) return true;
    const found = installed[place];
    if (found === undefined) return listed.optional === true || listed.devOptional === true || listed.peer === true;
    return found.version === listed.version;
  });
}

async function installPackages() {
  if (packagesAreCurrent()) return;
  const began = performance.now();
  say('Installing the npm packages of package-lock.json …');
  // The npm that runs this script, where one does.
  const npm = path.basename(process.env.npm_execpath ?? '') === 'npm-cli.js' ? process.env.npm_execpath : undefined;
  const [program, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const { worked, output } = await quietly(program, [...args, 'ci', '--no-fund', '--no-audit'], {
    shell: npm === undefined && process.platform === 'win32',
  });
  if (!worked) throw new SetupError(`npm ci failed.\n${output}`);
  say(`Installed the npm packages (${secondsSince(began)}).`);
}

function isDebian() {
  if (process.platform !== 'linux' || !fs.existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(fs.readFileSync('/etc/os-release', 'utf8'));
}

const isInstalled = (name) => {
  const { status, stdout } = spawnSync('dpkg', ['-s', name], { encoding: 'utf8' });
  return status === 0 && /^Status: install ok installed$/m.test(stdout);
};

/**
 * Installs the system packages that are missing, on Debian as root; elsewhere says what to type and goes on, for
 * whatever needs them has a fallback or says so itself.
 */
async function installSystemPackages(names, purpose) {
  if (!isDebian()) return;
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  const command = `apt-get update && apt-get ${install.join(' ')}`;
  if (process.getuid() !== 0) return say(`${purpose} needs ${missing.join(', ')}. Type: sudo sh -c '${command}'`);
  const began = performance.now();
  say(`Installing ${missing.join(', ')} for ${purpose} …`);
  const apt = (...args) =>
    quietly('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-qq', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  let result = await apt(...install);
  if (!result.worked) {
    // A fresh machine has no package lists, an old one lists of packages that are gone.
    await apt('update');
    result = await apt(...install);
  }
  if (result.worked) say(`Installed ${missing.join(', ')} (${secondsSince(began)}).`);
  else say(`Could not install ${missing.join(', ')}; to try by hand: ${command}\n${result.output}`);
}

/** Runs one of the packages' own set-up scripts. Each does nothing where its result is up to date. */
async function prepare(node, script) {
  const file = path.join(root, script);
  if (!fs.existsSync(file)) return say(`${script} is not in this checkout: left out.`);
  const child = spawn(node, [file], { cwd: root, stdio: ['ignore', 2, 2], env: withNodeFirst(node) });
  const code = await new Promise((resolve) => child.on('close', resolve).on('error', () => resolve(1)));
  if (code !== 0) throw new SetupError(`${script} failed (exit code ${code}).`);
}

/** SHA-256 over the files that decide what the Prisma client looks like. */
function clientFingerprint() {
  const hash = createHash('sha256');
  for (const file of ['prisma/schema.prisma', 'packages/db/scripts/generate.mjs', 'packages/db/package.json']) {
    const full = path.join(root, file);
    hash.update(fs.existsSync(full) ? fs.readFileSync(full) : '');
  }
  return hash.digest('hex');
}

async function generateClient(node) {
  const generated = path.join(root, 'packages/db/src/generated');
  const stamp = path.join(generated, '.stamp');
  const fingerprint = clientFingerprint();
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === fingerprint) return;
  const began = performance.now();
  await prepare(node, 'packages/db/scripts/generate.mjs');
  if (fs.existsSync(generated)) fs.writeFileSync(stamp, fingerprint);
  say(`Generated the Prisma client (${secondsSince(began)}).`);
}

const bindingLibraries = ['libfaiss-dev', 'libopenblas-dev', 'g++'];
/** A browser, and Python's FAISS, which must read our index files and answer alike. */
const forTests = ['chromium', 'python3-faiss'];

/**
 * Brings the checkout to where every command runs, and returns the Node ≥ 24 to run them with.
 *
 * @param {{browser?: boolean}} wanted whether what only the tests need is wanted too: Chromium, and Python's FAISS
 * @throws SetupError with a sentence for the reader
 */
export async function setUp({ browser = false } = {}) {
  await Promise.all([
    installPackages(),
    installSystemPackages([...bindingLibraries, ...(browser ? forTests : [])], browser ? 'the tests' : 'FAISS'),
  ]);
  const node = findNode24();
  if (node === undefined) {
    throw new SetupError(
      `Duet runs on Node 24; this is ${process.versions.node}, and npm has no Node package for ${process.platform} on ${process.arch}. Install Node 24 and run the command again.`,
    );
  }
  await Promise.all([generateClient(node), prepare(node, 'packages/ann/scripts/build-native.mjs')]);
  return node;
}
