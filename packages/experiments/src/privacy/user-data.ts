import { type Author, type Database, fingerprintOf, type Person, type Prisma, writeAudit } from '@duet/db';

/** Everything that the database says of a person, by table; dates as ISO 8601. */
export type PersonsRows = Record<PersonsTable, Record<string, unknown>[]>;

/** What was erased of a person, and what of it is still there afterwards. */
export interface ErasedRows {
  /** Rows by table, and experiments, their phases and changes whose lists named the person. */
  removed: Record<PersonsTable | 'Experiment' | 'ExperimentPhase' | 'AuditLog', number>;
  /** Rows that are there after the last look: all zero, or the erasure did not come through. */
  left: Record<PersonsTable, number>;
}

// $1 is the dataset, $2 the person.
const ofExperiments = '"experimentId" IN (SELECT id FROM "Experiment" WHERE "datasetId" = $1::uuid)';
/**
 * Events from before keys belonged to a dataset name none: they are of the experiment that they name, or of nobody's
 * else.
 */
const ofDataset = `("datasetId" = $1::uuid OR "datasetId" IS NULL AND ("experimentId" IS NULL OR ${ofExperiments}))`;

/** An event that arrives after its log-in names the id of before, which was the person's up to then. */
const ofEarlierId = `EXISTS (SELECT FROM "UserAlias" a WHERE a."datasetId" = $1::uuid AND a."userId" = $2
  AND a."anonymousId" = "Event"."userId" AND "occurredAt" <= a.at AND NOT EXISTS (SELECT FROM "UserAlias" b
    WHERE b."datasetId" = $1::uuid AND b."anonymousId" = a."anonymousId" AND b.at < a.at AND b.at >= "occurredAt"))`;

/** The tables that name people, those first that depend on others, and which of their rows are a person's. */
const tables = {
  Event: `${ofDataset} AND ("userId" = $2 OR "userId" IN (
    SELECT "anonymousId" FROM "UserAlias" WHERE "datasetId" = $1::uuid AND "userId" = $2) AND ${ofEarlierId})`,
  RollupUserDay: `"userId" = $2 AND ${ofExperiments}`,
  InterleavedUserDay: `"userId" = $2 AND ${ofExperiments}`,
  RollupUser: `"userId" = $2 AND ${ofExperiments}`,
  UserAlias: '"datasetId" = $1::uuid AND ("userId" = $2 OR "anonymousId" = $2)',
} as const;
type PersonsTable = keyof typeof tables;
const names = Object.keys(tables) as PersonsTable[];
const rowsOf = (table: PersonsTable): string => `"${table}" WHERE ${tables[table]}`;

/** What the database says of a person, as article 15 of the GDPR asks for it. */
export async function exportPerson({ pool }: Database, { datasetId, userId }: Person): Promise<PersonsRows> {
  const found: Partial<PersonsRows> = {};
  for (const table of names) {
    const { rows } = await pool.query<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(t) - 'ingestedIn' - 'mergedIn' AS row FROM (SELECT * FROM ${rowsOf(table)}) t`,
      [datasetId, userId],
    );
    found[table] = rows.map(({ row }) => row);
  }
  return found as PersonsRows;
}

/** Erasures of one call: a rollup that is under way may write a person's rows once more. */
const passes = 3;

/**
 * Erases what the database says of a person: events, their sums by user and day, and their place in the lists of
 * experiments and in the log of changes. Sums of whole arms stay: they name nobody. The erasure is written down without
 * the person's id.
 *
 * @returns what was removed, and what is left of it, which is the proof
 */
export async function forgetPerson(db: Database, person: Person, author: Author = {}): Promise<ErasedRows> {
  const removed = {
    Event: 0,
    RollupUserDay: 0,
    InterleavedUserDay: 0,
    RollupUser: 0,
    UserAlias: 0,
    Experiment: 0,
    ExperimentPhase: 0,
    AuditLog: 0,
  };
  let left = await countPerson(db, person);
  const before = { ...left };
  for (let pass = 0; pass === 0 || (pass < passes && Object.values(left).some((count) => count > 0)); pass++) {
    await db.prisma.$transaction(async (tx) => {
      for (const table of names) {
        removed[table] += await tx.$executeRawUnsafe(`DELETE FROM ${rowsOf(table)}`, person.datasetId, person.userId);
      }
      removed.Experiment += await unlist(tx, person, 'Experiment');
      removed.ExperimentPhase += await unlist(tx, person, 'ExperimentPhase');
      removed.AuditLog += await strike(tx, person);
    });
    left = await countPerson(db, person);
  }
  await db.prisma.$transaction((tx) =>
    writeAudit(tx, author, {
      action: 'forget user',
      objectKind: 'user',
      objectId: fingerprintOf(person),
      before,
      after: left,
    }),
  );
  return { removed, left };
}

async function countPerson({ pool }: Database, { datasetId, userId }: Person): Promise<ErasedRows['left']> {
  const left: Partial<ErasedRows['left']> = {};
  for (const table of names) {
    const { rows } = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${rowsOf(table)}`, [
      datasetId,
      userId,
    ]);
    left[table] = rows[0]!.n;
  }
  return left as ErasedRows['left'];
}

/** Takes a person off the lists of experiments, or of their phases. @returns rows that were changed */
const unlist = (
  tx: Prisma.TransactionClient,
  { datasetId, userId }: Person,
  table: 'Experiment' | 'ExperimentPhase',
): Promise<number> =>
  tx.$executeRawUnsafe(
    `UPDATE "${table}" SET settings = CASE WHEN settings ? 'excludedUsers'
       THEN jsonb_set(settings, '{excludedUsers}', (settings->'excludedUsers') - $2)
       ELSE settings END #- ARRAY['overrides', $2]
     WHERE ${table === 'Experiment' ? '"datasetId" = $1::uuid' : ofExperiments}
       AND (settings->'overrides' ? $2 OR settings->'excludedUsers' ? $2)`,
    datasetId,
    userId,
  );

/** Strikes a person out of what was written down of experiments' changes. @returns entries that were changed */
async function strike(tx: Prisma.TransactionClient, { datasetId, userId }: Person): Promise<number> {
  const struck = (column: string) =>
    `${column} = CASE WHEN ${column} ? 'settings.excludedUsers' AND jsonb_typeof(${column}->'settings.excludedUsers') = 'array'
       THEN jsonb_set(${column}, '{settings.excludedUsers}', (${column}->'settings.excludedUsers') - $2)
       ELSE ${column} END - ('settings.overrides.' || $2)`;
  const mentions = (column: string) =>
    `(${column} ? ('settings.overrides.' || $2) OR ${column}->'settings.excludedUsers' ? $2)`;
  return tx.$executeRawUnsafe(
    `UPDATE "AuditLog" SET ${struck('before')}, ${struck('after')}
     WHERE "objectKind" = 'experiment' AND "objectId" IN (SELECT id::text FROM "Experiment" WHERE "datasetId" = $1::uuid)
       AND (${mentions('before')} OR ${mentions('after')})`,
    datasetId,
    userId,
  );
}
