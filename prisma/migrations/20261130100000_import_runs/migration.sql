-- Files that are uploaded in the admin, and the imports that are made of them.
CREATE TYPE "ImportStatus" AS ENUM ('draft', 'queued', 'running', 'done', 'failed');

CREATE TABLE "ImportRun" (
    "id" UUID NOT NULL,
    "status" "ImportStatus" NOT NULL DEFAULT 'draft',
    "request" JSONB NOT NULL DEFAULT '{}',
    "progress" JSONB NOT NULL DEFAULT '{}',
    "error" TEXT,
    "datasetId" UUID,
    "createdBy" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "ImportRun_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "ImportRun_createdAt_idx" ON "ImportRun"("createdAt");

CREATE INDEX "ImportRun_datasetId_idx" ON "ImportRun"("datasetId");

ALTER TABLE "ImportRun" ADD CONSTRAINT "ImportRun_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;
