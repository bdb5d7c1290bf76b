/**
 * Finds a Node that runs Duet: the running one from 24 on, else the one that npm installed as a package.
 * Plain JavaScript for Node ≥ 20, without dependencies, because it runs before anything else is there.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../packages/base/src/cache-folder.mjs';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** The path of a Node ≥ 24, or undefined where none is installed yet. */
export function findNode24() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  const file = path.join(root, 'node_modules', `node-${platform}-${process.arch}`, 'bin', program);
  return fs.existsSync(file) ? file : undefined;
}

/** The environment of a child whose own children shall find that Node first, and what it compiled the last time. */
export function withNodeFirst(node, env = process.env) {
  const folders = [path.dirname(node), path.join(root, 'node_modules', '.bin'), env.PATH ?? ''];
  return { NODE_COMPILE_CACHE: path.join(cacheFolder(env), 'compiled'), ...env, PATH: folders.join(path.delimiter) };
}
