import { z } from 'zod';
import { titlesOf } from '#data/datasets/datasets.ts';
import { database } from '#data/services.ts';

export interface RequestEvent {
  eventId: string;
  type: string;
  occurredAt: Date;
  userId: string;
  itemId: string | null;
  title: string;
  placement: string;
  /** From 0. */
  position: number | null;
  arm: string | null;
  experiment: { id: string; name: string } | null;
  propensity: number | null;
}

/** Days that a request is looked for in: its id does not tell when it was. */
export const requestDays = 7;

/** What shoppers did with one answer, as their shop logged it: in the list's order, then by time. */
export async function requestEvents(datasetId: string, requestId: string): Promise<RequestEvent[]> {
  const { pool } = await database();
  if (!z.uuid().safeParse(requestId).success) return [];
  const { rows } = await pool.query<
    Omit<RequestEvent, 'title' | 'experiment'> & { experimentId: string; name: string }
  >(
    `SELECT v."eventId", v."type"::text AS "type", v."occurredAt", v."userId", v."itemId", v."placement", v."position",
       v."propensity", a."name" AS "arm", e."id" AS "experimentId", e."name"
     FROM "Event" v LEFT JOIN "Arm" a ON a."id" = v."armId" LEFT JOIN "Experiment" e ON e."id" = v."experimentId"
     WHERE v."requestId" = $2::uuid AND v."receivedAt" > now() - make_interval(days => $3)
       AND coalesce(v."datasetId", e."datasetId", $1::uuid) = $1::uuid
     ORDER BY v."position" NULLS LAST, v."occurredAt" LIMIT 500`,
    [datasetId, requestId, requestDays],
  );
  const titles = await titlesOf(
    datasetId,
    rows.flatMap(({ itemId }) => itemId ?? []),
  );
  return rows.map(({ experimentId, name, ...row }) => ({
    ...{ ...row, title: titles.get(row.itemId ?? '') ?? '' },
    experiment: experimentId ? { id: experimentId, name } : null,
  }));
}
