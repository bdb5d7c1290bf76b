-- Until now the control of the first experiment that runs, else what the last decided one chose, else the newest model with
-- an index answered for a dataset. From now on only what is deployed does: that model becomes version 1 and champion of a registered
-- model, which is deployed. Arms stay pinned to what they compare.
CREATE TEMP TABLE "_Served" ON COMMIT DROP AS
SELECT d."id" AS "datasetId", s."modelId", gen_random_uuid() AS "registeredModelId"
FROM "Dataset" d
CROSS JOIN LATERAL (
  SELECT m."id" AS "modelId"
  FROM "Model" m
  JOIN "Index" i ON i."modelId" = m."id" AND i."active"
  LEFT JOIN LATERAL (
    SELECT 1 AS "is" FROM "Experiment" e JOIN "Arm" a ON a."experimentId" = e."id" AND a."control"
    WHERE e."datasetId" = d."id" AND e."status" = 'running' AND NOT e."simulated" AND a."modelId" = m."id"
      AND e."startedAt" = (SELECT min(f."startedAt") FROM "Experiment" f
                           WHERE f."datasetId" = d."id" AND f."status" = 'running' AND NOT f."simulated")
    LIMIT 1) running ON true
  LEFT JOIN LATERAL (
    SELECT 1 AS "is" FROM "Experiment" e JOIN "Arm" a ON a."experimentId" = e."id" AND a."name" = e."decision"
    WHERE e."datasetId" = d."id" AND e."status" = 'decided' AND NOT e."simulated" AND a."modelId" = m."id"
      AND e."decidedAt" = (SELECT max(f."decidedAt") FROM "Experiment" f
                           WHERE f."datasetId" = d."id" AND f."status" = 'decided' AND NOT f."simulated"
                             AND f."decision" <> 'none')
    LIMIT 1) decided ON true
  WHERE m."datasetId" = d."id"
  ORDER BY running."is" NULLS LAST, decided."is" NULLS LAST, m."createdAt" DESC, m."id" DESC
  LIMIT 1
) s
WHERE d."status" = 'done'
  AND NOT EXISTS (SELECT FROM "Deployment" p WHERE p."datasetId" = d."id")
  AND NOT EXISTS (SELECT FROM "RegisteredModel" r WHERE r."datasetId" = d."id");

INSERT INTO "RegisteredModel" ("id", "datasetId", "name", "kind", "preset", "parameters", "championId", "createdBy")
SELECT s."registeredModelId", s."datasetId", m."kind", m."kind", m."preset", m."parameters" - 'seed' - 'split',
  m."id", 'migration'
FROM "_Served" s JOIN "Model" m ON m."id" = s."modelId";

UPDATE "Model" m SET "registeredModelId" = s."registeredModelId", "version" = 1
FROM "_Served" s WHERE m."id" = s."modelId";

INSERT INTO "ChampionChange" ("id", "registeredModelId", "toModelId", "actor", "reason")
SELECT gen_random_uuid(), "registeredModelId", "modelId", 'migration', 'It answered before there were deployments.'
FROM "_Served";

INSERT INTO "Deployment" ("datasetId", "placement", "registeredModelId", "changedBy")
SELECT "datasetId", '', "registeredModelId", 'migration' FROM "_Served";

INSERT INTO "AuditLog" ("id", "actor", "action", "objectKind", "objectId", "after", "note")
SELECT gen_random_uuid(), 'migration', 'deploy', 'dataset', s."datasetId"::text, jsonb_build_object('everywhere', m."kind"),
  'It answered before there were deployments.'
FROM "_Served" s JOIN "Model" m ON m."id" = s."modelId";
