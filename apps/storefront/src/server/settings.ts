/** What this shop is told by its environment. README says where each comes from. */
export function settings() {
  const { DUET_RETRIEVAL_URL, DUET_PUBLIC_URL, DUET_API_KEY, DUET_PUBLISHABLE_KEY, DUET_SIGNING_SECRET } = process.env;
  const retrievalUrl = DUET_RETRIEVAL_URL || 'http://127.0.0.1:4300';
  return {
    /** Where this shop's server reaches Duet. */
    retrievalUrl,
    /** Where browsers reach it. */
    publicUrl: DUET_PUBLIC_URL || retrievalUrl,
    /** Secret: this server's, for what names customers and for orders. */
    apiKey: DUET_API_KEY || undefined,
    /** Publishable: in every page. */
    publishableKey: DUET_PUBLISHABLE_KEY ?? '',
    /** Secret: signs who a page's visitor is. */
    signingSecret: DUET_SIGNING_SECRET || undefined,
  };
}
