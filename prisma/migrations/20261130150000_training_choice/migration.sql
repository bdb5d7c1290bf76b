-- What the preset auto decided for a training, and why.
ALTER TABLE "TrainingRun" ADD COLUMN "choice" JSONB;
