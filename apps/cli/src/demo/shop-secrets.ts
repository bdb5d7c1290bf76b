/** Files of the data folder's `keys` that the example shop is run with. */
export const shopSecrets = { api: 'storefront-api', pages: 'storefront-pages', signing: 'storefront-signing' } as const;
