import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { DuetError } from '@duet/base';
import { z } from 'zod';
import { type Author, writeAudit } from './audit.ts';
import type { Database } from './database.ts';

/**
 * `simulate` marks a simulator: it meets simulated experiments alone, and its events count nowhere else. `admin` is all but that.
 */
export const apiScope = z.enum(['retrieve', 'events', 'metrics', 'admin', 'simulate']);
export type ApiScope = z.infer<typeof apiScope>;

const perSecond = z.int().min(1).max(1_000_000);

const newKey = z.object({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(apiScope).min(1),
  rateLimit: perSecond.nullish(),
  rateBurst: perSecond.nullish(),
});

/** What a key is asked for with. */
export interface NewApiKey {
  name: string;
  scopes: readonly ApiScope[];
  /** Requests a second, on average; by default the service's. */
  rateLimit?: number | null | undefined;
  /** Requests at once; by default the service's. */
  rateBurst?: number | null | undefined;
}

/** A key as everybody may see it who manages keys: without its secret, which nobody has. */
export interface ListedApiKey {
  id: string;
  name: string;
  /** How the key begins, to recognise it by. */
  prefix: string;
  scopes: ApiScope[];
  rateLimit: number | null;
  rateBurst: number | null;
  createdAt: Date;
  /** To the minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

/** Who a key lets in. */
export type VerifiedApiKey = Pick<ListedApiKey, 'id' | 'name' | 'scopes' | 'rateLimit' | 'rateBurst'>;

const objectKind = 'api-key';

// duet_ + 8 characters to find the key by + 32 that are the secret.
const shape = /^(duet_[\w-]{8})[\w-]{32}$/;
const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * Makes an API key. `key` is told this once: the database keeps its SHA-256 only, which suffices for 192 random bits.
 *
 * @throws DuetError `bad-input` for an empty name, an unknown scope or a rate that is none
 */
export async function createApiKey(
  database: Database,
  request: NewApiKey,
  author: Author = {},
): Promise<{ id: string; key: string }> {
  const parsed = newKey.safeParse(request);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new DuetError('bad-input', `${message}.`, {
      where: { field: String(path[0]) },
      fix: `An API key needs a name and scopes out of ${apiScope.options.join(', ')}; its rates are whole numbers from 1.`,
    });
  }
  const prefix = `duet_${randomBytes(6).toString('base64url')}`;
  const key = prefix + randomBytes(24).toString('base64url');
  const { name, rateLimit = null, rateBurst = null } = parsed.data;
  const scopes = [...new Set(parsed.data.scopes)];
  const after = { name, scopes, rateLimit, rateBurst, prefix };
  const id = await database.prisma.$transaction(async (tx) => {
    const made = await tx.apiKey.create({
      data: { ...after, hash: digest(key).toString('hex') },
      select: { id: true },
    });
    await writeAudit(tx, author, { action: 'create', objectKind, objectId: made.id, before: null, after });
    return made.id;
  });
  return { id, key };
}

/** Whose key it is and what it allows; undefined for one that is malformed, unknown or revoked. */
export async function verifyApiKey(
  database: Database,
  key: string,
  options: { now?: Date } = {},
): Promise<VerifiedApiKey | undefined> {
  const prefix = shape.exec(key)?.[1];
  if (prefix === undefined) return undefined;
  const row = await database.prisma.apiKey.findUnique({ where: { prefix } });
  if (row === null || !timingSafeEqual(digest(key), Buffer.from(row.hash, 'hex')) || row.revokedAt !== null) {
    return undefined;
  }
  const now = options.now ?? new Date();
  const minuteAgo = new Date(now.getTime() - 60_000);
  if (row.lastUsedAt === null || row.lastUsedAt < minuteAgo) {
    await database.prisma.apiKey.updateMany({
      where: { id: row.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: minuteAgo } }] },
      data: { lastUsedAt: now },
    });
  }
  const { id, name, rateLimit, rateBurst } = row;
  return { id, name, scopes: z.array(apiScope).parse(row.scopes), rateLimit, rateBurst };
}

/** Every key there ever was, the newest first. */
export async function listApiKeys(database: Database): Promise<ListedApiKey[]> {
  const rows = await database.prisma.apiKey.findMany({
    omit: { hash: true },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  });
  return rows.map((row) => ({ ...row, scopes: z.array(apiScope).parse(row.scopes) }));
}

/**
 * Ends a key at once. Revoking it again changes nothing.
 *
 * @throws DuetError `not-found`
 */
export async function revokeApiKey(database: Database, id: string, author: Author = {}): Promise<void> {
  const known = z.uuid().safeParse(id).success && (await database.prisma.apiKey.findUnique({ where: { id } }));
  if (!known) throw new DuetError('not-found', `There is no API key ${id}.`, { fix: 'npx duet keys list lists them.' });
  const revokedAt = author.now ?? new Date();
  await database.prisma.$transaction(async (tx) => {
    const { count } = await tx.apiKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt } });
    if (count === 0) return;
    const after = { revokedAt: revokedAt.toISOString() };
    await writeAudit(tx, author, { action: 'revoke', objectKind, objectId: id, before: {}, after });
  });
}
