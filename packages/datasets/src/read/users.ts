import type { ImportSettings } from '../request.ts';
import type { EntitySummary } from '../summary.ts';
import { allAttributes, attributesOf } from './attributes.ts';
import { brokenRow, type Check, firstProblem, reportFaults } from './checks.ts';
import { countListed, type Listed } from './items.ts';
import type { Rows } from './rows/rows.ts';
import { knownUsers, listedUsers, lists, users } from './workspace/tables.ts';
import { literal, type Workspace } from './workspace/workspace.ts';

/** What a users file says, as {@link listedUsers}: of each id its last row. */
async function readListed(workspace: Workspace, rows: Rows, { left }: ImportSettings): Promise<Listed> {
  const problems: Check[] = [
    brokenRow,
    { when: 'id IS NULL', column: rows.blamed('user'), reason: literal(`no ${left}`) },
  ];
  const checked = 'checked_users';
  await workspace.run(
    `CREATE TABLE ${checked} AS
     SELECT *, row_number() OVER (PARTITION BY id, problem IS NULL AND ignored IS NULL ORDER BY _row DESC) = 1 AS last
     FROM (SELECT _row, id, title, attributes, ignored, NULL AS emptied,
         CASE WHEN ignored IS NULL THEN ${firstProblem(rows, problems)} END AS problem
       FROM (SELECT *, ${rows.ignored} AS ignored, nfc_normalize(${rows.text('user')}) AS id, ${rows.text('title')} AS title,
         ${await attributesOf(workspace, rows)} AS attributes FROM ${rows.source.view}))`,
  );
  await reportFaults(workspace, rows, checked, false);
  await workspace.fill(listedUsers, `SELECT * FROM ${checked} WHERE problem IS NULL AND ignored IS NULL AND last`);
  return countListed(workspace, rows, checked);
}

/** Makes the table {@link users}. */
export async function readUsers(
  workspace: Workspace,
  rows: Rows | undefined,
  settings: ImportSettings,
): Promise<EntitySummary & { listed: Listed | undefined }> {
  const listed = rows && (await readListed(workspace, rows, settings));
  // A query that nothing is said of is its own text.
  const title = settings.left === 'query' ? 'coalesce(title, id)' : `coalesce(title, '')`;
  await workspace.fill(
    users,
    `SELECT (row_number() OVER (ORDER BY id) - 1)::INTEGER AS row, id AS user_id, ${title} AS title,
      ${allAttributes} AS attributes
     FROM ${knownUsers} LEFT JOIN ${listedUsers} USING (id) LEFT JOIN ${lists('users')} USING (id)`,
  );
  if (!listed) return { read: 0, withoutInteractions: 0, superseded: 0, listed };
  const row = await workspace.row(`
    SELECT count(*)::DOUBLE AS read, count(*) FILTER (id NOT IN (SELECT user_id FROM ${users}))::DOUBLE AS idle
    FROM ${listedUsers}`);
  return {
    read: Number(row.read),
    withoutInteractions: Number(row.idle),
    superseded: listed.superseded,
    listed,
  };
}
