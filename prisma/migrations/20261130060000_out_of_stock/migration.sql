-- Items that are out of stock are not shown unless the dataset, or a request, says so.
ALTER TABLE "Dataset" ADD COLUMN "showOutOfStock" BOOLEAN NOT NULL DEFAULT false;
