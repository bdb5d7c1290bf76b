import type { Database } from '@duet/db';

/** One list that `retrieve` answered to a shopper. */
export interface AnsweredList {
  datasetId: string;
  placement: string;
  /** "" outside experiments. */
  armId: string;
  /** "" where no model was asked. */
  modelId: string;
  source: 'model' | 'popular' | 'bought';
  isEmpty: boolean;
}

export interface AnswerLog extends AsyncDisposable {
  /** Notes a list. Never waits and never throws. */
  answered(list: AnsweredList): void;
  /** Writes what was noted. Doing so is also what disposing does. */
  flush(): Promise<void>;
}

/** Length of the stretches that answers are counted in. */
const stretchMs = 600_000;

/** How long counts are kept: as far back as health checks compare weekdays. */
const keptDays = 35;

/**
 * Counts answered lists, here and every `everyMs` in the database: a process that is killed takes its last seconds
 * along.
 */
export function openAnswerLog(
  { pool }: Database,
  { everyMs = 5_000, onError }: { everyMs?: number; onError: (error: unknown) => void },
): AnswerLog {
  let noted = new Map<string, [answers: number, empty: number]>();
  const flush = async () => {
    if (noted.size === 0) return;
    const rows = [...noted].map(([key, counts]) => [...(JSON.parse(key) as string[]), ...counts]);
    noted = new Map();
    await pool.query(
      `INSERT INTO "AnswerCount" AS a ("datasetId", "at", "placement", "armId", "modelId", "source", "answers", "empty")
       SELECT l.* FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
         AS l("datasetId", "at", "placement", "armId", "modelId", "source", "answers", "empty")
       JOIN "Dataset" d ON d."id" = l."datasetId" ORDER BY 1, 2, 3, 4, 5, 6
       ON CONFLICT ("datasetId", "at", "placement", "armId", "modelId", "source")
       DO UPDATE SET "answers" = a."answers" + excluded."answers", "empty" = a."empty" + excluded."empty"`,
      [0, 1, 2, 3, 4, 5, 6, 7].map((column) => rows.map((row) => row[column])),
    );
  };
  const timer = setInterval(() => flush().catch(onError), everyMs);
  timer.unref();
  return {
    answered({ datasetId, placement, armId, modelId, source, isEmpty }) {
      const at = new Date(Math.floor(Date.now() / stretchMs) * stretchMs).toISOString();
      const key = JSON.stringify([datasetId, at, placement, armId, modelId, source]);
      const [answers, empty] = noted.get(key) ?? [0, 0];
      noted.set(key, [answers + 1, empty + (isEmpty ? 1 : 0)]);
    },
    flush,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await flush().catch(onError);
    },
  };
}

/** What answered a dataset's shoppers within the last hour, to ten minutes: the most first. */
export async function answersOfLastHour(
  { pool }: Database,
  datasetId: string,
  { now = new Date() }: { now?: Date } = {},
): Promise<(Omit<AnsweredList, 'datasetId' | 'isEmpty'> & { answers: number; empty: number })[]> {
  const { rows } = await pool.query(
    `SELECT "placement", "armId", "modelId", "source", sum("answers")::int AS "answers", sum("empty")::int AS "empty"
     FROM "AnswerCount" WHERE "datasetId" = $1 AND "at" > $2::timestamptz - interval '1 hour' AND "at" <= $2
     GROUP BY 1, 2, 3, 4 ORDER BY "answers" DESC`,
    [datasetId, now],
  );
  return rows;
}

/** Deletes the counts that nothing looks at any more. */
export async function dropOldAnswerCounts({ pool }: Database): Promise<void> {
  await pool.query(`DELETE FROM "AnswerCount" WHERE "at" < now() - make_interval(days => $1)`, [keptDays]);
}
