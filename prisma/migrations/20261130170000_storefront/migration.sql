-- Events beyond the fixed types: "not interested", and those that a dataset declares, by their name.
ALTER TYPE "EventType" ADD VALUE 'dislike';
ALTER TYPE "EventType" ADD VALUE 'own';

-- AlterTable
ALTER TABLE "Event" ADD COLUMN "name" TEXT NOT NULL DEFAULT '',
ADD COLUMN "dwellMs" INTEGER;

-- AlterTable
ALTER TABLE "Dataset" ADD COLUMN "storefront" JSONB NOT NULL DEFAULT '{}';

-- CreateTable
CREATE TABLE "UserAlias" (
    "datasetId" UUID NOT NULL,
    "anonymousId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "arms" JSONB NOT NULL DEFAULT '{}',
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "mergedIn" xid8 NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT "UserAlias_pkey" PRIMARY KEY ("datasetId","anonymousId","at")
);

-- CreateIndex
CREATE INDEX "UserAlias_datasetId_userId_idx" ON "UserAlias"("datasetId", "userId");

-- CreateIndex
CREATE INDEX "UserAlias_mergedIn_idx" ON "UserAlias"("mergedIn");

-- CreateTable
CREATE TABLE "BulkRun" (
    "id" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "status" "JobStatus" NOT NULL DEFAULT 'queued',
    "request" JSONB NOT NULL,
    "progress" JSONB NOT NULL DEFAULT '{}',
    "lists" INTEGER NOT NULL DEFAULT 0,
    "rows" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "error" TEXT,
    "createdBy" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "BulkRun_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "BulkRun_datasetId_createdAt_idx" ON "BulkRun"("datasetId", "createdAt");

-- AddForeignKey
ALTER TABLE "UserAlias" ADD CONSTRAINT "UserAlias_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BulkRun" ADD CONSTRAINT "BulkRun_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;
