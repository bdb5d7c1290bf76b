import { loadConfig } from '@duet/base';
import { openDatabase } from '@duet/db';
import { foldEvents } from '../fold/fold.ts';

// A fold in a process of its own, which its test kills: prints each step as it begins.
const [databaseUrl, dataDir, datasetId] = process.argv.slice(2) as [string, string, string];
await using db = await openDatabase(loadConfig({ DATABASE_URL: databaseUrl, DUET_DATA_DIR: dataDir }));
const progress = ({ step }: { step: string }) => process.stdout.write(`${step}\n`);
await foldEvents({ db, dataDir, progress }, datasetId);
