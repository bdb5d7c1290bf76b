import { randomUUID } from 'node:crypto';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { type BuildIndexRequest, type BuiltIndex, buildHere } from './indexing/build.ts';

/** Builds an index in this process: a test that wants a model served does not test how indexes are built. */
export const buildIn = (
  ctx: { db: Database; dataDir: string; executor: Executor },
  request: BuildIndexRequest,
): Promise<BuiltIndex> => buildHere({ ...ctx, keep: 20 }, { ...request, indexId: randomUUID() });
