import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a start leaves for the next one, in `<dataDir>/start.json`; everything else is asked of the database. */
export interface StartState {
  example?: { datasetId: string; fingerprint: string };
}

const fileOf = (dataDir: string): string => path.join(dataDir, 'start.json');

export function readState(dataDir: string): StartState {
  const file = fileOf(dataDir);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

export function writeState(dataDir: string, state: StartState): void {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(`${fileOf(dataDir)}.tmp`, JSON.stringify(state));
  renameSync(`${fileOf(dataDir)}.tmp`, fileOf(dataDir));
}
