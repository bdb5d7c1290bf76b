import { createHmac, randomBytes } from 'node:crypto';
import { DuetError } from '@duet/base';
import { type Alert, type AlertDestination, type Author, type Database, Prisma, writeAudit } from '@duet/db';
import { z } from 'zod';

/** What a person is told of. A new kind is a line here, and whoever finds it calls {@link raise}. */
export const alertKinds = {
  'gate-held-back': 'A new version did not pass its gate.',
  'promotion-waits': 'A new version passed its gate and waits for somebody.',
  'refresh-failed': 'A refresh failed.',
  'fold-failed': 'Events could not be made data.',
  'guardrail-broken': 'An experiment harms a metric beyond its limit.',
  'split-wrong': 'The users of an experiment did not split as planned.',
  'data-stopped': 'Events have stopped.',
  'health-failed': 'A health check fails.',
  test: 'Somebody tried a destination.',
} as const;
export type AlertKind = keyof typeof alertKinds;

export interface Raised {
  datasetId: string | null;
  kind: AlertKind;
  /** While an alert with it is open, the same thing is not told again. */
  key: string;
  sentence: string;
  detail?: Prisma.InputJsonObject;
}

/** Keys of what is told of a registered model's refreshes: a version closes those of the one before it. */
export const keysOfRefresh = (registeredModelId: string) => ({
  failed: `refresh ${registeredModelId} failed`,
  heldBack: `refresh ${registeredModelId} held back`,
  waits: `refresh ${registeredModelId} waits`,
});

/** Opens an alert, unless one of the same key is open. @returns whether it is new */
export async function raise(
  { pool }: Database,
  { datasetId, kind, key, sentence, detail = {} }: Raised,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `INSERT INTO "Alert" ("id", "datasetId", "kind", "key", "sentence", "detail", "nextTryAt")
     VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, now())
     ON CONFLICT ("key") WHERE "closedAt" IS NULL DO NOTHING`,
    [datasetId, kind, key, sentence, JSON.stringify(detail)],
  );
  return rowCount === 1;
}

/** Closes the open alerts of these keys: what they were about is over. */
export async function settle(prisma: Pick<Database['prisma'], 'alert'>, ...keys: string[]): Promise<void> {
  await prisma.alert.updateMany({ where: { key: { in: keys }, closedAt: null }, data: { closedAt: new Date() } });
}

/** A dataset's alerts and those of none, the newest first. */
export const listAlerts = ({ prisma }: Database, datasetId: string, limit = 100): Promise<Alert[]> =>
  prisma.alert.findMany({
    where: { OR: [{ datasetId }, { datasetId: null }] },
    orderBy: { createdAt: 'desc' },
    take: limit,
  });

const destination = z.strictObject({
  name: z.string().trim().min(1).max(100),
  url: z.url({ protocol: /^https?$/ }),
  kinds: z.array(z.enum(Object.keys(alertKinds) as AlertKind[])).default([]),
  datasetId: z.string().nullable().default(null),
});

/**
 * Adds a place that alerts are sent to.
 *
 * @returns with the secret of its signatures, which nothing shows again
 * @throws DuetError `bad-input` naming the field; `conflict` where the name is taken
 */
export async function addDestination(
  { prisma }: Database,
  input: z.input<typeof destination>,
  author: Author = {},
): Promise<AlertDestination> {
  const parsed = destination.safeParse(input);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new DuetError('bad-input', `${message}.`, { where: { field: path.join('.') } });
  }
  const secret = `whsec_${randomBytes(24).toString('base64url')}`;
  return prisma.$transaction(async (tx) => {
    const made = await tx.alertDestination
      .create({ data: { ...parsed.data, secret, createdBy: author.actor ?? 'duet' } })
      .catch((cause: unknown) => {
        if (!(cause instanceof Prisma.PrismaClientKnownRequestError) || cause.code !== 'P2002') throw cause;
        throw new DuetError('conflict', `There is a destination "${input.name}" already.`, {
          where: { field: 'name' },
          cause,
        });
      });
    const { name, kinds } = made;
    const change = { action: 'create', objectKind: 'alert-destination', objectId: made.id };
    // A webhook's path is as good as a key: the log names its host alone.
    await writeAudit(tx, author, { ...change, before: null, after: { name, kinds, host: new URL(made.url).host } });
    return made;
  });
}

export const noDestination = (name: string): DuetError =>
  new DuetError('not-found', `There is no destination "${name}".`, { fix: 'npx duet alerts destinations lists them.' });

/** @throws DuetError `not-found` */
export async function removeDestination({ prisma }: Database, name: string, author: Author = {}): Promise<void> {
  await prisma.$transaction(async (tx) => {
    const found = await tx.alertDestination.findUnique({ where: { name } });
    if (found === null) throw noDestination(name);
    await tx.alertDestination.delete({ where: { name } });
    const change = { action: 'delete', objectKind: 'alert-destination', objectId: found.id };
    await writeAudit(tx, author, { ...change, before: { name }, after: null });
  });
}

/** Every destination, without its secret and with the host of its URL alone. */
export async function listDestinations({ prisma }: Database) {
  const rows = await prisma.alertDestination.findMany({ orderBy: { name: 'asc' } });
  return rows.map(({ id, name, url, kinds, datasetId, createdBy, createdAt }) => ({
    ...{ id, name, host: new URL(url).host, kinds, datasetId, createdBy, createdAt },
  }));
}

/**
 * The header `duet-signature` of a body: `t=<Unix seconds>,v1=<HMAC-SHA-256 of "<t>.<body>" in hex>`. A receiver makes
 * the same and compares, and refuses a time that is minutes old.
 */
export function signatureOf(secret: string, body: string, at: Date): string {
  const t = Math.floor(at.getTime() / 1000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}
