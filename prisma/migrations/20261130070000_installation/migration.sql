-- The id that a database and its data folder share.
CREATE TABLE "Installation" (
    "one" BOOLEAN NOT NULL DEFAULT true,
    "id" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Installation_pkey" PRIMARY KEY ("one"),
    CONSTRAINT "Installation_one" CHECK ("one")
);
