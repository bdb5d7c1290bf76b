-- CreateEnum
CREATE TYPE "ApiKeyKind" AS ENUM ('secret', 'publishable');

-- AlterTable
ALTER TABLE "ApiKey" ADD COLUMN     "datasetId" UUID,
ADD COLUMN     "kind" "ApiKeyKind" NOT NULL DEFAULT 'secret',
ADD COLUMN     "origins" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateTable
CREATE TABLE "SigningSecret" (
    "datasetId" UUID NOT NULL,
    "secret" TEXT NOT NULL,

    CONSTRAINT "SigningSecret_pkey" PRIMARY KEY ("datasetId")
);

-- CreateIndex
CREATE INDEX "ApiKey_datasetId_idx" ON "ApiKey"("datasetId");

-- AddForeignKey
ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SigningSecret" ADD CONSTRAINT "SigningSecret_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What scopes were taken out of others: keys from before go on doing what they did.
UPDATE "ApiKey" SET "scopes" = "scopes" || '{customers}' WHERE 'retrieve' = ANY("scopes");
UPDATE "ApiKey" SET "scopes" = "scopes" || '{orders}' WHERE 'events' = ANY("scopes");
