import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';

/** One answer of the service as a shopper saw it. */
export interface ShownList {
  modelId: string;
  userId: string;
  at: Date;
  items: { itemId: string; place: number; clicked: boolean }[];
}

/** Lists read at most, the newest. */
const listLimit = 20_000;
/** With fewer clicks a dozen weights would follow chance. */
const fewestClicks = 200;

/**
 * The lists that arms with these models showed, with what was clicked on of them: impressions of one request id in
 * their places, and the clicks that carry it. Simulated shoppers teach nothing.
 *
 * @throws DuetError `bad-input` where there are too few clicks to learn from
 */
export async function shownLists({ pool }: Database, modelIds: readonly string[]): Promise<ShownList[]> {
  const { rows } = await pool.query<Omit<ShownList, 'items'> & { items: ShownList['items'] }>(
    `WITH "shown" AS (
       SELECT e."requestId", e."userId", a."modelId", e."itemId", min(e."position") AS "place", min(e."occurredAt") AS "at"
       FROM "Event" e JOIN "Arm" a ON a."id" = e."armId" JOIN "Experiment" x ON x."id" = a."experimentId"
       WHERE e."type" = 'impression' AND e."requestId" IS NOT NULL AND e."position" IS NOT NULL
         AND a."modelId" = ANY($1::uuid[]) AND NOT x."simulated"
       GROUP BY e."requestId", e."userId", a."modelId", e."itemId"
     ), "clicked" AS (
       SELECT DISTINCT "requestId", "itemId" FROM "Event" WHERE "type" = 'click' AND "requestId" IS NOT NULL
     )
     SELECT "modelId", "userId", min("at") AS "at",
       json_agg(json_build_object('itemId', "itemId", 'place', "place", 'clicked', c."itemId" IS NOT NULL) ORDER BY "place") AS "items"
     FROM "shown" LEFT JOIN "clicked" c USING ("requestId", "itemId")
     GROUP BY "requestId", "modelId", "userId" ORDER BY 3 DESC, "requestId" LIMIT $2`,
    [modelIds, listLimit],
  );
  const clicks = rows.reduce((sum, { items }) => sum + items.filter(({ clicked }) => clicked).length, 0);
  if (clicks >= fewestClicks) return rows;
  throw new DuetError(
    'bad-input',
    `${clicks} clicks on these models' lists were logged; a ranker needs ${fewestClicks}.`,
    {
      fix: 'Learn from purchases (--labels purchases), or come back when shoppers have clicked more.',
    },
  );
}
