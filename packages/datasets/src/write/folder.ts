import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';

/** The columnar files of a snapshot: what its fingerprint is over. */
const parquetFiles = ['interactions.parquet', 'users.parquet', 'items.parquet'] as const;

/** What users took back, of a snapshot: `user_id`, `item_id`. There is none where nobody did. */
export const dislikedFile = 'disliked.parquet';

/** `<dataDir>/datasets/<id>` */
export const datasetFolder = (dataDir: string, datasetId: string): string => path.join(dataDir, 'datasets', datasetId);

export const partsFolder = (dataDir: string, datasetId: string): string =>
  path.join(datasetFolder(dataDir, datasetId), 'parts');

export const partFile = (dataDir: string, datasetId: string, partId: string): string =>
  path.join(partsFolder(dataDir, datasetId), `${partId}.parquet`);

export const snapshotsFolder = (dataDir: string, datasetId: string): string =>
  path.join(datasetFolder(dataDir, datasetId), 'snapshots');

export const snapshotFolder = (dataDir: string, { id, datasetId }: { id: string; datasetId: string }): string =>
  path.join(snapshotsFolder(dataDir, datasetId), id);

async function sha256(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    for await (const chunk of createReadStream(file)) hash.update(chunk);
  }
  return hash.digest('hex');
}

/** SHA-256 of a file, hex. */
export const fileDigest = (file: string): Promise<string> => sha256([file]);

/** SHA-256 over a snapshot's columnar files, hex. */
export const fingerprintOf = (folder: string): Promise<string> =>
  sha256([...parquetFiles, dislikedFile].map((name) => path.join(folder, name)).filter((file) => existsSync(file)));

/** Has the disk hold what was written: of a file its bytes, of a folder its names. */
export async function sync(...places: string[]): Promise<void> {
  for (const place of places) {
    const handle = await open(place, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
