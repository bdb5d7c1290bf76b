/** What `duet start` may be told. */
export interface StartOptions {
  json?: boolean;
  fresh?: boolean;
  exit?: boolean;
  host?: string;
  adminPort?: number;
  storefrontPort?: number;
  retrievalPort?: number;
  postgresPort?: number;
  preset: string;
  set: Record<string, unknown>;
  epochs?: number;
  avx2: boolean;
  retrieval: boolean;
  worker: boolean;
  admin: boolean;
  storefront: boolean;
}
