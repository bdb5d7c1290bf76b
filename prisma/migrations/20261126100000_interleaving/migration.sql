-- CreateTable
CREATE TABLE "InterleavedUserDay" (
    "experimentId" UUID NOT NULL,
    "userId" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "controlImpressions" BIGINT NOT NULL,
    "treatmentImpressions" BIGINT NOT NULL,
    "controlClicks" BIGINT NOT NULL,
    "treatmentClicks" BIGINT NOT NULL,

    CONSTRAINT "InterleavedUserDay_pkey" PRIMARY KEY ("experimentId","userId","day")
);

-- CreateTable
CREATE TABLE "InterleavedDay" (
    "experimentId" UUID NOT NULL,
    "phase" INTEGER NOT NULL,
    "day" DATE NOT NULL,
    "users" BIGINT NOT NULL,
    "wins" BIGINT NOT NULL,
    "losses" BIGINT NOT NULL,
    "controlImpressions" BIGINT NOT NULL,
    "treatmentImpressions" BIGINT NOT NULL,
    "moments" DECIMAL[],

    CONSTRAINT "InterleavedDay_pkey" PRIMARY KEY ("experimentId","phase","day")
);

-- AddForeignKey
ALTER TABLE "InterleavedUserDay" ADD CONSTRAINT "InterleavedUserDay_experimentId_userId_fkey" FOREIGN KEY ("experimentId", "userId") REFERENCES "RollupUser"("experimentId", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "InterleavedDay" ADD CONSTRAINT "InterleavedDay_experimentId_fkey" FOREIGN KEY ("experimentId") REFERENCES "Experiment"("id") ON DELETE CASCADE ON UPDATE CASCADE;
