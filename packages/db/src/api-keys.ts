import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { DuetError } from '@duet/config';
import { z } from 'zod';
import type { Database } from './database.ts';

/** `simulate` marks a simulator: it meets simulated experiments alone, and its events count nowhere else. */
export const apiScope = z.enum(['retrieve', 'events', 'admin', 'simulate']);
export type ApiScope = z.infer<typeof apiScope>;

const newKey = z.object({ name: z.string().trim().min(1).max(100), scopes: z.array(apiScope).min(1) });

// duet_ + 8 characters to find the key by + 32 that are the secret.
const shape = /^(duet_[\w-]{8})[\w-]{32}$/;
const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * Makes an API key. `key` is told this once: the database keeps its SHA-256 only, which suffices for 192 random bits.
 *
 * @throws DuetError `bad-input` for an empty name or an unknown scope
 */
export async function createApiKey(
  database: Database,
  request: { name: string; scopes: readonly ApiScope[] },
): Promise<{ id: string; key: string }> {
  const parsed = newKey.safeParse(request);
  if (!parsed.success) {
    throw new DuetError('bad-input', `${z.prettifyError(parsed.error)}.`, {
      fix: `An API key needs a name and scopes out of ${apiScope.options.join(', ')}.`,
    });
  }
  const prefix = `duet_${randomBytes(6).toString('base64url')}`;
  const key = prefix + randomBytes(24).toString('base64url');
  const scopes = [...new Set(parsed.data.scopes)];
  const { id } = await database.prisma.apiKey.create({
    data: { name: parsed.data.name, scopes, prefix, hash: digest(key).toString('hex') },
    select: { id: true },
  });
  return { id, key };
}

/** Whose key it is and what it allows; undefined for one that is malformed, unknown or revoked. */
export async function verifyApiKey(
  database: Database,
  key: string,
  options: { now?: Date } = {},
): Promise<{ id: string; name: string; scopes: ApiScope[] } | undefined> {
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
  return { id: row.id, name: row.name, scopes: z.array(apiScope).parse(row.scopes) };
}

/**
 * Ends a key at once. Revoking it again changes nothing.
 *
 * @throws DuetError `not-found`
 */
export async function revokeApiKey(database: Database, id: string, options: { now?: Date } = {}): Promise<void> {
  const known = z.uuid().safeParse(id).success && (await database.prisma.apiKey.findUnique({ where: { id } }));
  if (!known) throw new DuetError('not-found', `There is no API key ${id}.`);
  await database.prisma.apiKey.updateMany({
    where: { id, revokedAt: null },
    data: { revokedAt: options.now ?? new Date() },
  });
}
