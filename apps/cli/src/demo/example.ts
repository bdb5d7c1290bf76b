import path from 'node:path';
import { repositoryRoot } from '@duet/base';

/** The data that the demo runs on: what `duet import --request` is given, and the dataset that comes of it. */
export const exampleRequest = path.join(repositoryRoot(), 'examples/online-retail/import.json');
export const exampleName = 'online-retail';
