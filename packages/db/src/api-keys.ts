import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { DuetError } from '@duet/base';
import { z } from 'zod';
import { type Author, writeAudit } from './audit.ts';
import type { Database } from './database.ts';

/** What a key may allow, each with its meaning for people. */
export const apiScopes = {
  retrieve: 'recommendations, similar items, search, the catalogue',
  customers: 'what names customers: their histories, lists of them, similar ones',
  events: 'logging impressions, clicks and carts',
  orders: 'logging orders and refunds, which make the GMV',
  write: 'writing the catalogue, users and past interactions',
  privacy: 'telling all that is kept of a customer, and erasing it',
  metrics: 'the service’s metrics, for Prometheus',
  admin: 'all of these, and any model by name',
  simulate: 'a simulator, which meets simulated experiments alone and whose events count nowhere else',
} as const;
export type ApiScope = keyof typeof apiScopes;
export const apiScope = z.enum(Object.keys(apiScopes) as [ApiScope, ...ApiScope[]]);

/** Of a publishable key, which everybody can read: all that may be done with it concerns the visitor who does it. */
export const publishableScopes: readonly ApiScope[] = ['retrieve', 'events'];

export type ApiKeyKind = 'secret' | 'publishable';

const perSecond = z.int().min(1).max(1_000_000);

/** As browsers send it: https://www.rfc-editor.org/rfc/rfc6454#section-6.2 */
const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  message: 'An origin is a scheme, a host and perhaps a port, such as https://shop.example',
});

const newKey = z
  .object({
    name: z.string().trim().min(1).max(100),
    kind: z.enum(['secret', 'publishable']).default('secret'),
    datasetId: z.uuid().nullish(),
    scopes: z.array(apiScope).min(1),
    origins: z.array(origin).max(20).default([]),
    rateLimit: perSecond.nullish(),
    rateBurst: perSecond.nullish(),
  })
  .superRefine(({ kind, datasetId, scopes, origins }, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (kind === 'secret') {
      if (origins.length > 0) refuse('origins', 'A secret key is no browser’s, so it has no origins');
      return;
    }
    const further = scopes.find((scope) => !publishableScopes.includes(scope));
    if (further !== undefined)
      refuse('scopes', `A publishable key, which everybody can read, may not have "${further}"`);
    if (origins.length === 0) refuse('origins', 'A publishable key names the origins of the pages that may use it');
    if (datasetId == null) refuse('datasetId', 'A publishable key belongs to a dataset');
  });

/** What a key is asked for with. */
export interface NewApiKey {
  name: string;
  /** `secret` where it is not said. */
  kind?: ApiKeyKind | undefined;
  /** Whose data it reads and writes. Without one it is every dataset's: for Duet's own services. */
  datasetId?: string | null | undefined;
  scopes: readonly ApiScope[];
  /** Of a publishable key: origins of the pages that may use it. */
  origins?: readonly string[] | undefined;
  /** Requests a second, on average; by default the service's. */
  rateLimit?: number | null | undefined;
  /** Requests at once; by default the service's. */
  rateBurst?: number | null | undefined;
}

/** A key as everybody may see it who manages keys: without its secret, which nobody has. */
export interface ListedApiKey {
  id: string;
  name: string;
  kind: ApiKeyKind;
  /** Null: every dataset's. */
  datasetId: string | null;
  /** Null: every dataset's. */
  dataset: string | null;
  /** How the key begins, to recognise it by. */
  prefix: string;
  scopes: ApiScope[];
  origins: string[];
  rateLimit: number | null;
  rateBurst: number | null;
  /** Who made it, as the log of changes calls them; empty where that was not kept. */
  madeBy: string;
  createdAt: Date;
  /** To the minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

/** Who a key lets in. */
export type VerifiedApiKey = Pick<
  ListedApiKey,
  'id' | 'name' | 'kind' | 'datasetId' | 'scopes' | 'origins' | 'rateLimit' | 'rateBurst'
>;

const objectKind = 'api-key';

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Of a key's other characters: what was mistyped, cut off or made up is refused without asking the database. */
const checksum = (body: string): string => digest(body).toString('base64url').slice(0, 6);

const kindOf = { sk: 'secret', pk: 'publishable' } as const;

/** sk_ or pk_ + 8 characters to find the key by + 32 that are the secret + 6 of the checksum. */
const shape = /^((sk|pk)_[\w-]{8}[\w-]{32})([\w-]{6})$/;
/** Of keys from before they had kinds and checksums. */
const oldShape = /^(duet_[\w-]{8})[\w-]{32}$/;

/** What a key is found by; undefined for what cannot be one. */
function prefixOf(key: string): string | undefined {
  const [, body, kind, check] = shape.exec(key) ?? [];
  if (body === undefined) return oldShape.exec(key)?.[1];
  return checksum(body) === check ? body.slice(0, kind!.length + 9) : undefined;
}

/** Whether a text can be a key at all. */
export const isApiKey = (text: string): boolean => prefixOf(text) !== undefined;

/**
 * Makes an API key. `key` is told this once: the database keeps its SHA-256 only, which suffices for 192 random bits.
 *
 * @throws DuetError `bad-input` for an empty name, an unknown scope, a rate that is none, or what its kind may not
 *   have; `not-found` for a dataset that there is not
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
  const { name, kind, datasetId = null, origins, rateLimit = null, rateBurst = null } = parsed.data;
  if (datasetId !== null && (await database.prisma.dataset.count({ where: { id: datasetId } })) === 0) {
    throw new DuetError('not-found', `There is no dataset ${datasetId}.`, { fix: 'npx duet datasets lists them.' });
  }
  const prefix = `${kind === 'secret' ? 'sk' : 'pk'}_${randomBytes(6).toString('base64url')}`;
  const body = prefix + randomBytes(24).toString('base64url');
  const key = body + checksum(body);
  const scopes = [...new Set(parsed.data.scopes)];
  const after = { name, kind, datasetId, scopes, origins, rateLimit, rateBurst, prefix };
  const id = await database.prisma.$transaction(async (tx) => {
    const made = await tx.apiKey.create({
      data: {
        ...after,
        hash: digest(key).toString('hex'),
        madeBy: author.actor ?? '',
        accountId: author.accountId ?? null,
      },
      select: { id: true },
    });
    await writeAudit(tx, author, { action: 'create', objectKind, objectId: made.id, before: null, after });
    return made.id;
  });
  return { id, key };
}

const verifiedFields = {
  id: true,
  name: true,
  kind: true,
  datasetId: true,
  scopes: true,
  origins: true,
  rateLimit: true,
  rateBurst: true,
} as const;

const withScopes = <Row extends { scopes: string[] }>(row: Row) => ({
  ...row,
  scopes: z.array(apiScope).parse(row.scopes),
});

/** Whose key it is and what it allows; undefined for one that is malformed, unknown or revoked. */
export async function verifyApiKey(database: Database, key: string): Promise<VerifiedApiKey | undefined> {
  const prefix = prefixOf(key);
  if (prefix === undefined) return undefined;
  const row = await database.prisma.apiKey.findUnique({
    where: { prefix },
    select: { ...verifiedFields, hash: true, revokedAt: true },
  });
  if (row === null || !timingSafeEqual(digest(key), Buffer.from(row.hash, 'hex')) || row.revokedAt !== null) {
    return undefined;
  }
  if (!key.startsWith('duet_') && kindOf[key.slice(0, 2) as 'sk'] !== row.kind) return undefined;
  const { hash: _, revokedAt: __, ...verified } = row;
  return withScopes(verified);
}

/** Those of the keys that still work, by id, as they are now. */
export async function workingApiKeys(
  { prisma }: Database,
  ids: readonly string[],
): Promise<Map<string, VerifiedApiKey>> {
  if (ids.length === 0) return new Map();
  const rows = await prisma.apiKey.findMany({
    where: { id: { in: [...ids] }, revokedAt: null },
    select: verifiedFields,
  });
  return new Map(rows.map((row) => [row.id, withScopes(row)]));
}

/** Keeps when keys were last used, to the minute. */
export async function noteKeyUse(
  { prisma }: Database,
  ids: readonly string[],
  { now = new Date() }: { now?: Date } = {},
): Promise<void> {
  const minuteAgo = new Date(now.getTime() - 60_000);
  await prisma.apiKey.updateMany({
    where: { id: { in: [...ids] }, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: minuteAgo } }] },
    data: { lastUsedAt: now },
  });
}

/** Origins of the pages that publishable keys which work are for. */
export async function publishableOrigins({ prisma }: Database): Promise<Set<string>> {
  const keys = await prisma.apiKey.findMany({
    where: { kind: 'publishable', revokedAt: null },
    select: { origins: true },
  });
  return new Set(keys.flatMap(({ origins }) => origins));
}

/** Every key there ever was, the newest first. */
export async function listApiKeys(database: Database): Promise<ListedApiKey[]> {
  const rows = await database.prisma.apiKey.findMany({
    omit: { hash: true, accountId: true },
    include: { dataset: { select: { name: true } } },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  });
  return rows.map(({ dataset, ...row }) => ({ ...withScopes(row), dataset: dataset?.name ?? null }));
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
