-- Since when an item is in the catalogue. Of those that are there already nobody knows.
ALTER TABLE "Item" ADD COLUMN "createdAt" TIMESTAMPTZ(3);
ALTER TABLE "Item" ALTER COLUMN "createdAt" SET DEFAULT CURRENT_TIMESTAMP;
