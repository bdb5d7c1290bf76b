-- AlterTable
ALTER TABLE "Arm" ADD COLUMN     "registeredModelId" UUID,
ALTER COLUMN "modelId" DROP NOT NULL;

-- CreateIndex
CREATE INDEX "Arm_registeredModelId_idx" ON "Arm"("registeredModelId");

-- AddForeignKey
ALTER TABLE "Arm" ADD CONSTRAINT "Arm_registeredModelId_fkey" FOREIGN KEY ("registeredModelId") REFERENCES "RegisteredModel"("id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- As the key of a pinned model: a dataset's removal takes both, in either order.
ALTER TABLE "Arm" ALTER CONSTRAINT "Arm_registeredModelId_fkey" DEFERRABLE INITIALLY DEFERRED;

-- An arm pins a model, and may pin an index of it, or follows a registered model.
ALTER TABLE "Arm" ADD CONSTRAINT "Arm_model_check" CHECK (num_nonnulls("modelId", "registeredModelId") = 1);
ALTER TABLE "Arm" ADD CONSTRAINT "Arm_index_check" CHECK ("indexId" IS NULL OR "modelId" IS NOT NULL);
