import { loadConfig } from '@duet/base';
import { openDatabase } from '@duet/db';
import { importDataset } from '../import.ts';

// An import in a process of its own, which its test kills: prints each step as it begins.
const [databaseUrl, dataDir, request] = process.argv.slice(2) as [string, string, string];
await using db = await openDatabase(loadConfig({ DATABASE_URL: databaseUrl, DUET_DATA_DIR: dataDir }));
const progress = ({ step }: { step: string }) => process.stdout.write(`${step}\n`);
await importDataset({ db, dataDir, progress }, JSON.parse(request));
