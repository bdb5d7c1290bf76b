-- A key's own rate limit; null is the service's default.
ALTER TABLE "ApiKey" ADD COLUMN "rateLimit" INTEGER CHECK ("rateLimit" > 0),
ADD COLUMN "rateBurst" INTEGER CHECK ("rateBurst" > 0);
