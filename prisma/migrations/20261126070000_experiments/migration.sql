-- CreateEnum
CREATE TYPE "ExperimentDesign" AS ENUM ('ab', 'interleaving');

-- AlterTable
ALTER TABLE "Dataset" ADD COLUMN "holdout" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "Experiment" ADD COLUMN "decidedAt" TIMESTAMPTZ(3),
ADD COLUMN "decidedBy" TEXT,
ADD COLUMN "decision" TEXT,
ADD COLUMN "decisionNote" TEXT,
ADD COLUMN "design" "ExperimentDesign" NOT NULL DEFAULT 'ab',
ADD COLUMN "layer" TEXT,
ADD COLUMN "layerFrom" INTEGER,
ADD COLUMN "layerTo" INTEGER,
ADD COLUMN "phase" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN "phaseStartedAt" TIMESTAMPTZ(3),
ADD COLUMN "plannedEndAt" TIMESTAMPTZ(3),
ADD COLUMN "settings" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN "simulated" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "Arm" ADD COLUMN "settings" JSONB NOT NULL DEFAULT '{}';

-- CreateTable
CREATE TABLE "ExperimentPhase" (
    "experimentId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "arms" JSONB NOT NULL,
    "settings" JSONB NOT NULL,

    CONSTRAINT "ExperimentPhase_pkey" PRIMARY KEY ("experimentId","number")
);

-- CreateTable
CREATE TABLE "AuditLog" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "objectKind" TEXT NOT NULL,
    "objectId" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "note" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "AuditLog_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "AuditLog_objectKind_objectId_at_idx" ON "AuditLog"("objectKind", "objectId", "at");

-- AddForeignKey
ALTER TABLE "ExperimentPhase" ADD CONSTRAINT "ExperimentPhase_experimentId_fkey" FOREIGN KEY ("experimentId") REFERENCES "Experiment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say.

ALTER TABLE "Dataset" ADD CONSTRAINT "Dataset_holdout_check" CHECK ("holdout" >= 0 AND "holdout" < 1);
ALTER TABLE "Experiment" ADD CONSTRAINT "Experiment_layer_check" CHECK (0 <= "layerFrom" AND "layerFrom" < "layerTo" AND "layerTo" <= 10000);

-- An experiment that started before there were phases is in its first one.
UPDATE "Experiment" SET "phaseStartedAt" = "startedAt" WHERE "startedAt" IS NOT NULL;
INSERT INTO "ExperimentPhase" ("experimentId", "number", "startedAt", "endedAt", "arms", "settings")
SELECT e."id", 1, e."startedAt", e."stoppedAt",
  (SELECT jsonb_agg(jsonb_build_object('id', a."id", 'name', a."name", 'position', a."position", 'weight', a."weight",
    'control', a."control", 'modelId', a."modelId", 'indexId', a."indexId", 'settings', a."settings") ORDER BY a."position")
   FROM "Arm" a WHERE a."experimentId" = e."id"),
  jsonb_build_object('primaryMetric', e."primaryMetric", 'rankerId', e."rankerId", 'trafficShare', e."trafficShare")
FROM "Experiment" e WHERE e."startedAt" IS NOT NULL;
