-- What somebody made of a category of the files: it stays so when the files come again.
CREATE TABLE "CategoryAlias" (
    "datasetId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "to" TEXT,

    CONSTRAINT "CategoryAlias_pkey" PRIMARY KEY ("datasetId", "name")
);

-- AddForeignKey
ALTER TABLE "CategoryAlias" ADD CONSTRAINT "CategoryAlias_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;
