-- Interactions that a shop's server sent, until a fold makes a part of them.
CREATE TABLE "PendingInteraction" (
    "id" BIGSERIAL NOT NULL,
    "datasetId" UUID NOT NULL,
    "row" JSONB NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "PendingInteraction_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "PendingInteraction_datasetId_idx" ON "PendingInteraction"("datasetId");

-- AddForeignKey
ALTER TABLE "PendingInteraction" ADD CONSTRAINT "PendingInteraction_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The same interaction, sent again before it is in a part, is there once: which Prisma's schema cannot say.
CREATE UNIQUE INDEX "PendingInteraction_once" ON "PendingInteraction"("datasetId", md5("row"::text));
