-- People with roles take the place of one password for all.
CREATE TYPE "Role" AS ENUM ('viewer', 'merchandiser', 'analyst', 'admin');
CREATE TYPE "AccountLinkKind" AS ENUM ('invitation', 'reset');

CREATE TABLE "Account" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" "Role" NOT NULL,
    "passwordHash" TEXT,
    "totpSecret" TEXT,
    "totpSince" TIMESTAMPTZ(3),
    "totpStep" INTEGER,
    "recoveryHashes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "oidcIssuer" TEXT,
    "oidcSubject" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabledAt" TIMESTAMPTZ(3),

    CONSTRAINT "Account_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Account_email_key" ON "Account"("email");
CREATE UNIQUE INDEX "Account_oidcIssuer_oidcSubject_key" ON "Account"("oidcIssuer", "oidcSubject");

CREATE TABLE "AccountLink" (
    "id" UUID NOT NULL,
    "accountId" UUID NOT NULL,
    "kind" "AccountLinkKind" NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "AccountLink_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "AccountLink_tokenHash_key" ON "AccountLink"("tokenHash");
CREATE INDEX "AccountLink_accountId_idx" ON "AccountLink"("accountId");
ALTER TABLE "AccountLink" ADD CONSTRAINT "AccountLink_accountId_fkey" FOREIGN KEY ("accountId") REFERENCES "Account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The sessions of before are of nobody in particular: everybody logs in again.
DELETE FROM "AdminSession";
ALTER TABLE "AdminSession" DROP COLUMN "name", ADD COLUMN "accountId" UUID NOT NULL;
CREATE INDEX "AdminSession_accountId_idx" ON "AdminSession"("accountId");
ALTER TABLE "AdminSession" ADD CONSTRAINT "AdminSession_accountId_fkey" FOREIGN KEY ("accountId") REFERENCES "Account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "AuditLog" ADD COLUMN "accountId" UUID;
CREATE INDEX "AuditLog_accountId_at_idx" ON "AuditLog"("accountId", "at");
CREATE INDEX "AuditLog_at_idx" ON "AuditLog"("at");

ALTER TABLE "ApiKey" ADD COLUMN "madeBy" TEXT NOT NULL DEFAULT '', ADD COLUMN "accountId" UUID;
CREATE INDEX "ApiKey_accountId_idx" ON "ApiKey"("accountId");
ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_accountId_fkey" FOREIGN KEY ("accountId") REFERENCES "Account"("id") ON DELETE SET NULL ON UPDATE CASCADE;
