-- AlterTable
ALTER TABLE "Alert" ADD COLUMN     "deliveredTo" UUID[] DEFAULT ARRAY[]::UUID[];

-- CreateTable
CREATE TABLE "AlertDestination" (
    "id" UUID NOT NULL,
    "datasetId" UUID,
    "name" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "kinds" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "createdBy" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AlertDestination_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AnswerCount" (
    "datasetId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "placement" TEXT NOT NULL,
    "armId" TEXT NOT NULL,
    "modelId" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "answers" BIGINT NOT NULL,
    "empty" BIGINT NOT NULL,

    CONSTRAINT "AnswerCount_pkey" PRIMARY KEY ("datasetId","at","placement","armId","modelId","source")
);

-- CreateIndex
CREATE UNIQUE INDEX "AlertDestination_name_key" ON "AlertDestination"("name");

-- AddForeignKey
ALTER TABLE "AlertDestination" ADD CONSTRAINT "AlertDestination_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AnswerCount" ADD CONSTRAINT "AnswerCount_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;
