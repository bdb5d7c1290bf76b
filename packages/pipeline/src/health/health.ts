import type { Database, HealthCheck } from '@duet/db';
import type { Check, CheckResult } from './check.ts';
import { dataChecks } from './data-checks.ts';
import { driftChecks } from './drift-checks.ts';
import { type HealthFacts, readFacts } from './facts.ts';
import { recommendationChecks } from './recommendation-checks.ts';
import { stalenessChecks } from './staleness-checks.ts';

/** Every check, in the order in which they are shown. */
export const checks: readonly Check[] = [...dataChecks, ...recommendationChecks, ...driftChecks, ...stalenessChecks];

export type NamedResult = CheckResult & { name: string };

/** What every check finds in the facts. */
export const lookAt = (facts: HealthFacts): NamedResult[] =>
  checks.map(({ name, look }) => {
    const { state, value, sentence, remedy } = look(facts);
    return { name, state, value: value !== null && Number.isFinite(value) ? value : null, sentence, remedy };
  });

/** Looks at a dataset with every check, and keeps what was found: `since` stays while a check's state does. */
export async function checkHealth(
  database: Database,
  datasetId: string,
  { now = new Date() }: { now?: Date } = {},
): Promise<NamedResult[]> {
  const results = lookAt(await readFacts(database, datasetId, now));
  await database.pool.query(
    `WITH gone AS (DELETE FROM "HealthCheck" WHERE "datasetId" = $1 AND NOT "name" = ANY($2::text[]))
     INSERT INTO "HealthCheck" AS h ("datasetId", "name", "state", "value", "sentence", "remedy", "since", "checkedAt")
     SELECT $1, r.*, $7::timestamptz, $7::timestamptz
     FROM unnest($2::text[], $3::text[]::"HealthState"[], $4::float8[], $5::text[], $6::text[]) AS r
     ON CONFLICT ("datasetId", "name") DO UPDATE SET "state" = excluded."state", "value" = excluded."value",
       "sentence" = excluded."sentence", "remedy" = excluded."remedy", "checkedAt" = excluded."checkedAt",
       "since" = CASE WHEN h."state" = excluded."state" THEN h."since" ELSE excluded."since" END`,
    [
      datasetId,
      results.map(({ name }) => name),
      results.map(({ state }) => state),
      results.map(({ value }) => value),
      results.map(({ sentence }) => sentence),
      results.map(({ remedy }) => remedy),
      now,
    ],
  );
  return results;
}

/** What the last look found, in the order of the checks. */
export async function lastHealth({ prisma }: Database, datasetId: string): Promise<HealthCheck[]> {
  const rows = await prisma.healthCheck.findMany({ where: { datasetId } });
  return checks.flatMap(({ name }) => rows.find((row) => row.name === name) ?? []);
}
