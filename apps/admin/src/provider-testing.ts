import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

/** Somebody whom the provider knows. */
export interface Known {
  email: string;
  email_verified: boolean;
  name: string;
  groups: string[];
}

/**
 * A real OpenID provider on this machine, with one client, and a page to log in at where any password does.
 *
 * @param callbacks addresses that it may send browsers back to
 */
export async function startProvider(callbacks: string[], known: Record<string, Known>) {
  const client = { client_id: 'duet', client_secret: 'a secret of the two', redirect_uris: callbacks };
  let issuer = '';
  let provider: Provider | undefined;
  const server = (await import('node:http')).createServer((request, response) =>
    provider!.callback()(request, response),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider = new Provider(issuer, {
    clients: [client],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    features: { devInteractions: { enabled: true } },
    pkce: { required: () => true },
    cookies: { keys: ['of the test'] },
    findAccount: (_, sub) => {
      const person = known[sub];
      return person && { accountId: sub, claims: () => ({ sub, ...person }) };
    },
  });
  return {
    issuer,
    client,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
