-- CreateEnum
CREATE TYPE "RollupStatus" AS ENUM ('counted', 'twoArms', 'excluded', 'late');

-- AlterTable
ALTER TABLE "Event" ADD COLUMN "device" TEXT NOT NULL DEFAULT '',
ADD COLUMN "simulated" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN "propensity" DOUBLE PRECISION,
ADD COLUMN "ingestedIn" xid8 NOT NULL DEFAULT pg_current_xact_id();

-- DropIndex
DROP INDEX "Event_experimentId_armId_userId_idx";

-- CreateIndex
CREATE INDEX "Event_userId_idx" ON "Event"("userId");

-- CreateIndex
CREATE INDEX "Event_ingestedIn_idx" ON "Event"("ingestedIn");

-- CreateTable
CREATE TABLE "Rollup" (
    "experimentId" UUID NOT NULL,
    "basis" JSONB NOT NULL,
    "cursor" xid8 NOT NULL DEFAULT '0',
    "through" TIMESTAMPTZ(3) NOT NULL,
    "usersInTwoArms" INTEGER NOT NULL DEFAULT 0,
    "excludedUsers" INTEGER NOT NULL DEFAULT 0,
    "lateEvents" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "Rollup_pkey" PRIMARY KEY ("experimentId")
);

-- CreateTable
CREATE TABLE "RollupUser" (
    "experimentId" UUID NOT NULL,
    "userId" TEXT NOT NULL,
    "status" "RollupStatus" NOT NULL,
    "armId" UUID NOT NULL,
    "firstDay" DATE NOT NULL,
    "device" TEXT NOT NULL,
    "visitor" TEXT NOT NULL,
    "lateEvents" INTEGER NOT NULL,
    "preImpressions" BIGINT NOT NULL,
    "preClicks" BIGINT NOT NULL,
    "preOrders" BIGINT NOT NULL,
    "preGmvMinor" BIGINT NOT NULL,

    CONSTRAINT "RollupUser_pkey" PRIMARY KEY ("experimentId","userId")
);

-- CreateTable
CREATE TABLE "RollupUserDay" (
    "experimentId" UUID NOT NULL,
    "userId" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "impressions" BIGINT NOT NULL,
    "clicks" BIGINT NOT NULL,
    "carts" BIGINT NOT NULL,
    "orders" BIGINT NOT NULL,
    "units" BIGINT NOT NULL,
    "gmvMinor" BIGINT NOT NULL,
    "refundMinor" BIGINT NOT NULL,

    CONSTRAINT "RollupUserDay_pkey" PRIMARY KEY ("experimentId","userId","category","day")
);

-- CreateTable
CREATE TABLE "RollupDay" (
    "experimentId" UUID NOT NULL,
    "phase" INTEGER NOT NULL,
    "armId" UUID NOT NULL,
    "dimension" TEXT NOT NULL,
    "segment" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "users" BIGINT NOT NULL,
    "moments" DECIMAL[],

    CONSTRAINT "RollupDay_pkey" PRIMARY KEY ("experimentId","phase","dimension","segment","armId","day")
);

-- CreateTable
CREATE TABLE "RollupItem" (
    "experimentId" UUID NOT NULL,
    "phase" INTEGER NOT NULL,
    "armId" UUID NOT NULL,
    "itemId" TEXT NOT NULL,

    CONSTRAINT "RollupItem_pkey" PRIMARY KEY ("experimentId","phase","armId","itemId")
);

-- CreateTable
CREATE TABLE "ServedLatency" (
    "armId" UUID NOT NULL,
    "bucket" INTEGER NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "ServedLatency_pkey" PRIMARY KEY ("armId","bucket")
);

-- AddForeignKey
ALTER TABLE "Rollup" ADD CONSTRAINT "Rollup_experimentId_fkey" FOREIGN KEY ("experimentId") REFERENCES "Experiment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RollupUser" ADD CONSTRAINT "RollupUser_experimentId_fkey" FOREIGN KEY ("experimentId") REFERENCES "Rollup"("experimentId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RollupUserDay" ADD CONSTRAINT "RollupUserDay_experimentId_userId_fkey" FOREIGN KEY ("experimentId", "userId") REFERENCES "RollupUser"("experimentId", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RollupDay" ADD CONSTRAINT "RollupDay_experimentId_fkey" FOREIGN KEY ("experimentId") REFERENCES "Experiment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RollupItem" ADD CONSTRAINT "RollupItem_experimentId_fkey" FOREIGN KEY ("experimentId") REFERENCES "Experiment"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ServedLatency" ADD CONSTRAINT "ServedLatency_armId_fkey" FOREIGN KEY ("armId") REFERENCES "Arm"("id") ON DELETE CASCADE ON UPDATE CASCADE;
