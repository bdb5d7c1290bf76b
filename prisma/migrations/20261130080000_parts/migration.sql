-- What is known of users, beside their interactions: until now in the columnar files alone.
CREATE TABLE "DatasetUser" (
    "datasetId" UUID NOT NULL,
    "externalId" TEXT NOT NULL,
    "title" TEXT NOT NULL DEFAULT '',
    "attributes" JSONB NOT NULL DEFAULT '{}',
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DatasetUser_pkey" PRIMARY KEY ("datasetId","externalId")
);

-- AddForeignKey
ALTER TABLE "DatasetUser" ADD CONSTRAINT "DatasetUser_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- A training that goes on later reads the data that it began with.
ALTER TABLE "TrainingRun" ADD COLUMN     "snapshotId" UUID;

-- AddForeignKey
ALTER TABLE "TrainingRun" ADD CONSTRAINT "TrainingRun_snapshotId_fkey" FOREIGN KEY ("snapshotId") REFERENCES "Snapshot"("id") ON DELETE SET NULL ON UPDATE CASCADE;
