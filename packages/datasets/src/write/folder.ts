import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';

/** The columnar files of a dataset: what its fingerprint is over. */
const parquetFiles = ['interactions.parquet', 'users.parquet', 'items.parquet'] as const;

/** `<dataDir>/datasets/<id>` */
export const datasetFolder = (dataDir: string, datasetId: string): string => path.join(dataDir, 'datasets', datasetId);

/** SHA-256 over the columnar files, hex. */
export async function fingerprintOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of parquetFiles) {
    for await (const chunk of createReadStream(path.join(folder, name))) hash.update(chunk);
  }
  return hash.digest('hex');
}
