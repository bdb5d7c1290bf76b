-- Sums are made again from the events, under the new kind of cursor.
TRUNCATE "Rollup", "RollupUser", "RollupUserDay", "RollupDay", "RollupItem", "InterleavedUserDay", "InterleavedDay";

-- AlterTable
ALTER TABLE "Rollup" DROP COLUMN "cursor",
ADD COLUMN "seen" pg_snapshot NOT NULL DEFAULT '1:1:';
