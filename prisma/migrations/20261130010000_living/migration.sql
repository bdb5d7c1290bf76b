-- CreateEnum
CREATE TYPE "PartSource" AS ENUM ('file', 'events', 'api', 'compaction');

-- CreateEnum
CREATE TYPE "Promotion" AS ENUM ('auto', 'ask');

-- CreateEnum
CREATE TYPE "HealthState" AS ENUM ('ok', 'warn', 'fail');

-- AlterTable
ALTER TABLE "Event" ADD COLUMN     "datasetId" UUID;

-- AlterTable
ALTER TABLE "Model" ADD COLUMN     "registeredModelId" UUID,
ADD COLUMN     "snapshotId" UUID,
ADD COLUMN     "version" INTEGER;

-- AlterTable
ALTER TABLE "Ranker" ADD COLUMN     "snapshotId" UUID;

-- CreateTable
CREATE TABLE "DatasetPart" (
    "id" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "source" "PartSource" NOT NULL,
    "origin" JSONB NOT NULL DEFAULT '{}',
    "interactions" INTEGER NOT NULL,
    "duplicates" INTEGER NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "firstAt" TIMESTAMPTZ(3),
    "lastAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DatasetPart_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Snapshot" (
    "id" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "partIds" UUID[],
    "fingerprint" TEXT NOT NULL,
    "catalogueVersion" BIGINT NOT NULL DEFAULT 0,
    "interactions" INTEGER NOT NULL,
    "users" INTEGER NOT NULL,
    "items" INTEGER NOT NULL,
    "summary" JSONB NOT NULL DEFAULT '{}',
    "firstAt" TIMESTAMPTZ(3),
    "lastAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Snapshot_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EventFold" (
    "datasetId" UUID NOT NULL,
    "seen" pg_snapshot NOT NULL DEFAULT '1:1:'::pg_snapshot,
    "through" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "EventFold_pkey" PRIMARY KEY ("datasetId")
);

-- CreateTable
CREATE TABLE "RegisteredModel" (
    "id" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "preset" TEXT NOT NULL DEFAULT 'best',
    "parameters" JSONB NOT NULL DEFAULT '{}',
    "schedule" TEXT,
    "timeZone" TEXT NOT NULL DEFAULT 'UTC',
    "promotion" "Promotion" NOT NULL DEFAULT 'auto',
    "gate" JSONB NOT NULL DEFAULT '{}',
    "fullEvery" INTEGER NOT NULL DEFAULT 0,
    "championId" UUID,
    "createdBy" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RegisteredModel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Deployment" (
    "datasetId" UUID NOT NULL,
    "placement" TEXT NOT NULL DEFAULT '',
    "registeredModelId" UUID NOT NULL,
    "changedBy" TEXT NOT NULL DEFAULT '',
    "changedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Deployment_pkey" PRIMARY KEY ("datasetId","placement")
);

-- CreateTable
CREATE TABLE "ChampionChange" (
    "id" UUID NOT NULL,
    "registeredModelId" UUID NOT NULL,
    "fromModelId" UUID,
    "toModelId" UUID,
    "actor" TEXT NOT NULL,
    "reason" TEXT NOT NULL DEFAULT '',
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ChampionChange_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "RefreshRun" (
    "id" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "registeredModelId" UUID NOT NULL,
    "status" "JobStatus" NOT NULL DEFAULT 'queued',
    "actor" TEXT NOT NULL DEFAULT '',
    "stage" TEXT NOT NULL DEFAULT '',
    "stages" JSONB NOT NULL DEFAULT '[]',
    "snapshotId" UUID,
    "modelId" UUID,
    "gate" JSONB,
    "promoted" BOOLEAN NOT NULL DEFAULT false,
    "error" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "RefreshRun_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "HealthCheck" (
    "datasetId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "state" "HealthState" NOT NULL,
    "value" DOUBLE PRECISION,
    "sentence" TEXT NOT NULL,
    "remedy" TEXT NOT NULL DEFAULT '',
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "checkedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "HealthCheck_pkey" PRIMARY KEY ("datasetId","name")
);

-- CreateTable
CREATE TABLE "Alert" (
    "id" UUID NOT NULL,
    "datasetId" UUID,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "sentence" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deliveredAt" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextTryAt" TIMESTAMPTZ(3),
    "lastError" TEXT,
    "closedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Alert_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "DatasetPart_datasetId_createdAt_idx" ON "DatasetPart"("datasetId", "createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "Snapshot_datasetId_number_key" ON "Snapshot"("datasetId", "number");

-- CreateIndex
CREATE UNIQUE INDEX "RegisteredModel_championId_key" ON "RegisteredModel"("championId");

-- CreateIndex
CREATE UNIQUE INDEX "RegisteredModel_datasetId_name_key" ON "RegisteredModel"("datasetId", "name");

-- CreateIndex
CREATE INDEX "ChampionChange_registeredModelId_at_idx" ON "ChampionChange"("registeredModelId", "at");

-- CreateIndex
CREATE INDEX "RefreshRun_datasetId_createdAt_idx" ON "RefreshRun"("datasetId", "createdAt");

-- CreateIndex
CREATE INDEX "RefreshRun_registeredModelId_createdAt_idx" ON "RefreshRun"("registeredModelId", "createdAt");

-- CreateIndex
CREATE INDEX "Alert_createdAt_idx" ON "Alert"("createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "Model_registeredModelId_version_key" ON "Model"("registeredModelId", "version");

-- AddForeignKey
ALTER TABLE "DatasetPart" ADD CONSTRAINT "DatasetPart_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Snapshot" ADD CONSTRAINT "Snapshot_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EventFold" ADD CONSTRAINT "EventFold_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RegisteredModel" ADD CONSTRAINT "RegisteredModel_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RegisteredModel" ADD CONSTRAINT "RegisteredModel_championId_fkey" FOREIGN KEY ("championId") REFERENCES "Model"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Deployment" ADD CONSTRAINT "Deployment_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Deployment" ADD CONSTRAINT "Deployment_registeredModelId_fkey" FOREIGN KEY ("registeredModelId") REFERENCES "RegisteredModel"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ChampionChange" ADD CONSTRAINT "ChampionChange_registeredModelId_fkey" FOREIGN KEY ("registeredModelId") REFERENCES "RegisteredModel"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RefreshRun" ADD CONSTRAINT "RefreshRun_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RefreshRun" ADD CONSTRAINT "RefreshRun_registeredModelId_fkey" FOREIGN KEY ("registeredModelId") REFERENCES "RegisteredModel"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RefreshRun" ADD CONSTRAINT "RefreshRun_snapshotId_fkey" FOREIGN KEY ("snapshotId") REFERENCES "Snapshot"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RefreshRun" ADD CONSTRAINT "RefreshRun_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HealthCheck" ADD CONSTRAINT "HealthCheck_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Alert" ADD CONSTRAINT "Alert_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Model" ADD CONSTRAINT "Model_snapshotId_fkey" FOREIGN KEY ("snapshotId") REFERENCES "Snapshot"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Model" ADD CONSTRAINT "Model_registeredModelId_fkey" FOREIGN KEY ("registeredModelId") REFERENCES "RegisteredModel"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Ranker" ADD CONSTRAINT "Ranker_snapshotId_fkey" FOREIGN KEY ("snapshotId") REFERENCES "Snapshot"("id") ON DELETE SET NULL ON UPDATE CASCADE;


-- One open alert for the same thing, which Prisma's schema cannot say.
CREATE UNIQUE INDEX "Alert_open_key" ON "Alert"("key") WHERE "closedAt" IS NULL;
