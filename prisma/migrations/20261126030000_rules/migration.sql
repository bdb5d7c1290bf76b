-- CreateEnum
CREATE TYPE "RuleKind" AS ENUM ('pin', 'boost', 'bury', 'block');

-- CreateTable
CREATE TABLE "Rule" (
    "id" UUID NOT NULL,
    "datasetId" UUID NOT NULL,
    "kind" "RuleKind" NOT NULL,
    "itemId" TEXT,
    "category" TEXT,
    "placement" TEXT,
    "place" INTEGER,
    "factor" DOUBLE PRECISION,
    "startsAt" TIMESTAMPTZ(3),
    "endsAt" TIMESTAMPTZ(3),
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "note" TEXT NOT NULL DEFAULT '',
    "createdBy" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Rule_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Rule_datasetId_idx" ON "Rule"("datasetId");

-- AddForeignKey
ALTER TABLE "Rule" ADD CONSTRAINT "Rule_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "Rule" ADD CONSTRAINT "Rule_target_check" CHECK (("itemId" IS NULL) <> ("category" IS NULL));
ALTER TABLE "Rule" ADD CONSTRAINT "Rule_pin_check" CHECK (("kind" = 'pin') = ("place" IS NOT NULL));
