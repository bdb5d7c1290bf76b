-- AlterTable
ALTER TABLE "Index" ADD COLUMN     "bytesPerVector" DOUBLE PRECISION NOT NULL DEFAULT 0,
ADD COLUMN     "candidates" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN     "reason" TEXT NOT NULL DEFAULT '';

-- UpdateTable: what is in the file is what is in memory, but for its headers.
UPDATE "Index" SET "bytesPerVector" = "bytes"::float8 / "size" WHERE "size" > 0;
