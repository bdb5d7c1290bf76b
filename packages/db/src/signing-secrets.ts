import { randomBytes } from 'node:crypto';
import { DuetError } from '@duet/base';
import type { Database } from './database.ts';

/**
 * What the ids of each dataset's visitors are signed with, by a shop's server and by Duet, by dataset. A dataset
 * without a secret gets one.
 */
export async function signingSecrets({ prisma }: Database): Promise<Map<string, string>> {
  const read = async () => prisma.dataset.findMany({ select: { id: true, signing: { select: { secret: true } } } });
  let rows = await read();
  const without = rows.filter(({ signing }) => signing === null);
  if (without.length > 0) {
    await prisma.signingSecret.createMany({
      data: without.map(({ id }) => ({ datasetId: id, secret: `vs_${randomBytes(32).toString('base64url')}` })),
      // Two services may start together: the first one's secret is everybody's.
      skipDuplicates: true,
    });
    rows = await read();
  }
  return new Map(rows.flatMap(({ id, signing }) => (signing === null ? [] : [[id, signing.secret]])));
}

/** A dataset's secret. @throws DuetError `not-found` */
export async function signingSecret(database: Database, datasetId: string): Promise<string> {
  const secret = (await signingSecrets(database)).get(datasetId);
  if (secret === undefined) throw new DuetError('not-found', `There is no dataset ${datasetId}.`);
  return secret;
}
