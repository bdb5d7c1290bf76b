-- CreateTable
CREATE TABLE "Tuning" (
    "id" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "request" JSONB NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "status" "JobStatus" NOT NULL DEFAULT 'running',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Tuning_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Trial" (
    "tuningId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "rung" INTEGER NOT NULL,
    "parameters" JSONB NOT NULL,
    "score" DOUBLE PRECISION,
    "metrics" JSONB NOT NULL DEFAULT '{}',
    "seconds" DOUBLE PRECISION NOT NULL,
    "error" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Trial_pkey" PRIMARY KEY ("tuningId","number","rung")
);

-- CreateIndex
CREATE INDEX "Tuning_datasetId_idx" ON "Tuning"("datasetId");

-- AddForeignKey
ALTER TABLE "Tuning" ADD CONSTRAINT "Tuning_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Trial" ADD CONSTRAINT "Trial_tuningId_fkey" FOREIGN KEY ("tuningId") REFERENCES "Tuning"("id") ON DELETE CASCADE ON UPDATE CASCADE;
