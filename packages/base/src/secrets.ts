import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const fileOf = (dataDir: string, name: string) => path.join(dataDir, 'keys', `${name}.key`);

/** A secret kept in `<dataDir>/keys/<name>.key`, or undefined where there is none. */
export function readSecret(dataDir: string, name: string): string | undefined {
  const file = fileOf(dataDir, name);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** Keeps a secret where only the owner may read it. */
export function writeSecret(dataDir: string, name: string, secret: string): void {
  const file = fileOf(dataDir, name);
  mkdirSync(path.dirname(file), { recursive: true });
  chmodSync(path.dirname(file), 0o700);
  writeFileSync(`${file}.tmp`, `${secret}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** The secret of that name, made of 18 random bytes (base64url) the first time. */
export function readOrMakeSecret(dataDir: string, name: string): string {
  const known = readSecret(dataDir, name);
  if (known !== undefined) return known;
  const made = randomBytes(18).toString('base64url');
  writeSecret(dataDir, name, made);
  return made;
}
