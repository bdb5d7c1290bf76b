-- Items that are there already: nobody knows since when. New rows say it by themselves.
ALTER TABLE "Item" ADD COLUMN "listedAt" TIMESTAMPTZ(3);
ALTER TABLE "Item" ALTER COLUMN "listedAt" SET DEFAULT CURRENT_TIMESTAMP;
