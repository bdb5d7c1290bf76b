-- Customers who are forgotten: what was asked for, and the proof of what was removed.
CREATE TABLE "Erasure" (
    "id" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "userId" TEXT,
    "fingerprint" TEXT NOT NULL,
    "status" "JobStatus" NOT NULL DEFAULT 'queued',
    "removed" JSONB NOT NULL DEFAULT '{}',
    "left" JSONB NOT NULL DEFAULT '{}',
    "remaining" JSONB NOT NULL DEFAULT '[]',
    "error" TEXT,
    "createdBy" TEXT NOT NULL DEFAULT '',
    "accountId" UUID,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Erasure_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Erasure_datasetId_createdAt_idx" ON "Erasure"("datasetId", "createdAt");

-- CreateIndex
CREATE INDEX "Erasure_finishedAt_idx" ON "Erasure"("finishedAt");

-- AddForeignKey
ALTER TABLE "Erasure" ADD CONSTRAINT "Erasure_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;
