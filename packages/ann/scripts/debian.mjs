/** What a build takes from Debian and Ubuntu: packages, and FAISS's own sources. */
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const say = (/** @type {string} */ sentence) => process.stderr.write(`FAISS: ${sentence}\n`);
export const secondsSince = (/** @type {number} */ began) => `${((Date.now() - began) / 1000).toFixed(1)} s`;

/** A reason to stop that is written for the reader. */
export class Announcement extends Error {}

/** Runs a program with its output held back; shown only where it fails. */
export async function quietly(program, args, options = {}) {
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

const release = () => (fs.existsSync('/etc/os-release') ? fs.readFileSync('/etc/os-release', 'utf8') : '');

/** Name and version of the distribution: `debian 12`. What is compiled here is linked with its libraries. */
export const distribution = () =>
  ['ID', 'VERSION_ID'].map((key) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(release())?.[1] ?? '').join(' ');

export function requireDebian() {
  const isDebian = process.platform === 'linux' && /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release());
  if (isDebian && has('apt-get')) return;
  const system = { darwin: 'macOS', win32: 'Windows' }[process.platform] ?? `this ${process.platform}`;
  throw new Announcement(
    `our binding is built on Debian and Ubuntu only. On ${system} Duet uses faiss-node's prebuilt binary where npm could install it, else an exact scan.`,
  );
}

export function installedVersion(debianPackage) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are dpkg-query's own.
  const found = spawnSync('/usr/bin/dpkg-query', ['-W', '-f', '${db:Status-Status} ${Version}', debianPackage], {
    encoding: 'utf8',
  });
  const [status, version] = (found.stdout ?? '').split(' ');
  return found.status === 0 && status === 'installed' ? version : undefined;
}

/** Installs the Debian packages that are missing, as root; otherwise says what to type. */
export async function installPackages(packages) {
  const missing = packages.filter((name) => installedVersion(name) === undefined && !(name === 'g++' && has('g++')));
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
  say(`installed ${missing.join(', ')} (${secondsSince(began)}).`);
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
export async function fetchSource(folder) {
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
