-- AlterTable
ALTER TABLE "Item" ADD COLUMN     "changedIn" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "inStock" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "withdrawnAt" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "Item_datasetId_changedIn_idx" ON "Item"("datasetId", "changedIn");

-- AlterTable
ALTER TABLE "Index" ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;

UPDATE "Index" SET "version" = numbered.version FROM (
  SELECT id, row_number() OVER (PARTITION BY "modelId" ORDER BY "createdAt", id) AS version FROM "Index"
) numbered WHERE numbered.id = "Index".id;

-- DropIndex
DROP INDEX "Index_modelId_idx";

-- CreateIndex
CREATE UNIQUE INDEX "Index_modelId_version_key" ON "Index"("modelId", "version");

-- What Prisma's schema language cannot say.

-- Every item knows the transaction that wrote it last. A reader that keeps the oldest transaction which was still running
-- at its last look (pg_snapshot_xmin) finds all that was committed since by one range of the index above, whatever order
-- the transactions ended in, and no writer waits for another.
CREATE FUNCTION duet_item_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."changedIn" := pg_current_xact_id()::text::bigint;
  RETURN NEW;
END $$;

CREATE TRIGGER "Item_changedIn" BEFORE INSERT OR UPDATE ON "Item"
  FOR EACH ROW EXECUTE FUNCTION duet_item_changed();

-- An item shows its category's name.
CREATE FUNCTION duet_category_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "Item" SET "changedIn" = 0 WHERE "categoryId" = NEW."id";
  RETURN NULL;
END $$;

CREATE TRIGGER "Category_renamed" AFTER UPDATE OF "name" ON "Category"
  FOR EACH ROW WHEN (OLD."name" IS DISTINCT FROM NEW."name") EXECUTE FUNCTION duet_category_renamed();
