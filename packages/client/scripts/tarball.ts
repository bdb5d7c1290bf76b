import { execFileSync } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Packs a folder of built code for npm, with its manifest, the licence and the package's README.
 *
 * @param packageRoot of the workspace that it is built from
 * @returns the path of the tarball in `into`
 */
export async function packFolder(packageRoot: string, folder: string, into: string, manifest: object): Promise<string> {
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await cp(path.join(packageRoot, '../../LICENSE'), path.join(folder, 'LICENSE'));
  await cp(path.join(packageRoot, 'README.md'), path.join(folder, 'README.md'));
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', into], { cwd: folder, encoding: 'utf8' });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  return path.join(into, filename);
}
