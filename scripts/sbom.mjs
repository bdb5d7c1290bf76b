// `npm run sbom`: writes sbom.json, what Duet is made of, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), from
// the locked versions. `npm run licences`: refuses a package whose licence nobody has agreed to. `npm sbom` does not
// write one here: it wants every peer dependency that a package could have.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

/** Licences that Duet may be given away with, and used on a server without giving anything away. */
const accepted = new Set([
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'CC0-1.0', 'ISC', 'MIT', 'Python-2.0'],
  ...['PSF-2.0', 'Unlicense', 'WTFPL', 'Zlib'],
]);

/**
 * Packages under other licences, and why they may be used: as they are, and none of them changed. A name stands for its
 * builds for each platform too.
 */
const agreed = {
  '@img/sharp-libvips': 'LGPL-3.0: a library that is loaded, and can be replaced; by Next, for pictures',
  busboy: 'MIT by its LICENSE; of a server that tests alone run',
  'caniuse-lite': 'CC-BY-4.0: data of browsers, for building',
  'combine-errors': 'MIT by its readme; its manifest says none',
  dicer: 'MIT by its LICENSE; of a server that tests alone run',
  elkjs: 'EPL-2.0: used as it is, for a drawing',
  'humanize-number': 'MIT by its readme; of a server that tests alone run',
  lightningcss: 'MPL-2.0: used as it is, for building',
  only: 'MIT by its readme; of a server that tests alone run',
  'seq-queue': 'MIT by its readme; its manifest says none',
  streamsearch: 'MIT by its LICENSE; of a server that tests alone run',
};

/**
 * Whether one of the licences that an SPDX expression leaves to choose is accepted, and all that it asks for together.
 */
export const isAccepted = (expression) =>
  expression
    .replace(/[()]/g, '')
    .split(/ or /i)
    .some((choice) => choice.split(/ and /i).every((licence) => accepted.has(licence.trim())));

/** Every package of the lock file, once a version. */
export function packagesOf(lock) {
  const found = new Map();
  for (const [place, { version, license = '', integrity, link, dev = false }] of Object.entries(lock.packages)) {
    const name = place.split('node_modules/').at(-1);
    if (!place.includes('node_modules/') || link || version === undefined) continue;
    const licence = typeof license === 'string' ? license : (license.type ?? '');
    const known = found.get(`${name}@${version}`);
    found.set(`${name}@${version}`, { name, version, licence, integrity, dev: dev && (known?.dev ?? true) });
  }
  return [...found.values()].sort((a, b) => `${a.name}@${a.version}`.localeCompare(`${b.name}@${b.version}`));
}

/** A package's name without the platform that it is a build for. */
const withoutPlatform = (name) => name.replace(/-(android|darwin|freebsd|linux|linuxmusl|win32)-.*$/, '');

/** Packages whose licence was not agreed to: "name version: licence". */
export const refused = (packages) =>
  packages
    .filter(({ name, licence }) => !isAccepted(licence) && !Object.hasOwn(agreed, withoutPlatform(name)))
    .map(({ name, version, licence }) => `${name} ${version}: ${licence || 'no licence'}`);

export function billOf(packages, version) {
  const components = packages.map(({ name, version: of, licence, integrity, dev }) => {
    const purl = `pkg:npm/${name.replace('@', '%40')}@${of}`;
    const [algorithm, digest] = integrity?.split(' ')[0].split(/-(.*)/s) ?? [];
    return {
      ...{ type: 'library', 'bom-ref': purl, name, version: of, purl, scope: dev ? 'excluded' : 'required' },
      ...(licence && { licenses: [{ expression: licence }] }),
      ...(digest && {
        hashes: [{ alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') }],
      }),
    };
  });
  const component = { type: 'application', 'bom-ref': 'duet', name: 'duet', version };
  return { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component }, components };
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  const json = (name) => JSON.parse(readFileSync(path.join(root, name), 'utf8'));
  const packages = packagesOf(json('package-lock.json'));
  if (process.argv[2] === '--licences') {
    const unknown = refused(packages);
    for (const one of unknown) console.error(one);
    if (unknown.length > 0) {
      console.error(`Nobody has agreed to ${unknown.length} of them: scripts/sbom.mjs is where that is written down.`);
      process.exit(1);
    }
    console.log(`${packages.length} packages, all under licences that were agreed to.`);
  } else {
    writeFileSync(
      path.join(root, 'sbom.json'),
      `${JSON.stringify(billOf(packages, json('package.json').version), null, 2)}\n`,
    );
    console.log(`sbom.json: ${packages.length} packages.`);
  }
}
