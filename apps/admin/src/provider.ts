import { type Config, DuetError } from '@duet/base';
import type { Person, Vouched } from '@duet/db/people';
import * as oidc from 'openid-client';
import { z } from 'zod';

// Log-in by OpenID Connect: the authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, 3.1).

type Settings = Pick<
  Config,
  'oidcIssuer' | 'oidcClientId' | 'oidcClientSecret' | 'oidcDomains' | 'oidcRoleClaim' | 'oidcRoles'
>;

const scope = 'openid email profile';

/** What a browser keeps while it is at the provider. */
export const pendingLogin = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), next: z.string() });
export type PendingLogin = z.infer<typeof pendingLogin>;

const isLoopback = (url: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);

/** What the provider says of itself. @throws DuetError `unavailable` */
async function discover({ oidcIssuer, oidcClientId, oidcClientSecret }: Settings): Promise<oidc.Configuration> {
  if (oidcIssuer === undefined || oidcClientId === undefined) {
    throw new DuetError('not-found', 'No provider is set up to log in by.');
  }
  const issuer = new URL(oidcIssuer);
  // Plain http is a provider on this machine, for trying it out; of any other it is refused.
  const execute = issuer.protocol === 'http:' && isLoopback(issuer) ? [oidc.allowInsecureRequests] : [];
  try {
    return await oidc.discovery(issuer, oidcClientId, oidcClientSecret, undefined, { execute, timeout: 10 });
  } catch (cause) {
    throw new DuetError('unavailable', 'The provider does not answer, or is none.', { cause });
  }
}

/**
 * Where to send a browser that wants to log in, and what it keeps meanwhile.
 *
 * @param callback address that the provider sends it back to
 * @param next where it goes on to afterwards
 */
export async function beginAtProvider(
  settings: Settings,
  callback: string,
  next: string,
): Promise<{ url: string; kept: PendingLogin }> {
  const provider = await discover(settings);
  const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
  const url = oidc.buildAuthorizationUrl(provider, {
    ...{ redirect_uri: callback, scope, state, nonce },
    ...{ code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
  });
  return { url: url.href, kept: { state, nonce, verifier, next } };
}

const claims = z.object({
  sub: z.string().min(1),
  email: z.string().optional(),
  email_verified: z.union([z.boolean(), z.stringbool()]).optional(),
  name: z.string().trim().min(1).max(100).optional(),
});

/** The role that the first of the setting's groups gives which somebody has. */
export function roleOf(groups: unknown, setting: string): Person['role'] | undefined {
  const memberships = new Set((Array.isArray(groups) ? groups : [groups]).map(String));
  const pairs = setting.split(',').map((pair) => pair.split('=').map((text) => text.trim()));
  return pairs.find(([group = '']) => group !== '' && memberships.has(group))?.[1] as Person['role'] | undefined;
}

/**
 * Who has come back from the provider.
 *
 * @param address the whole address that they came back to
 * @throws DuetError `unauthorised` where this is no answer to what the browser asked, or the provider refused
 */
export async function finishAtProvider(settings: Settings, address: URL, pending: PendingLogin): Promise<Vouched> {
  const provider = await discover(settings);
  try {
    const checks = { pkceCodeVerifier: pending.verifier, expectedState: pending.state, expectedNonce: pending.nonce };
    const tokens = await oidc.authorizationCodeGrant(provider, address, { ...checks, idTokenExpected: true });
    const { iss, sub, ...inToken } = tokens.claims()!;
    // Providers put into the token what they like; the rest is asked for.
    const asked =
      provider.serverMetadata().userinfo_endpoint === undefined
        ? {}
        : await oidc.fetchUserInfo(provider, tokens.access_token, sub);
    const all: Record<string, unknown> = { ...inToken, ...asked, sub };
    const { email, email_verified, name } = claims.parse(all);
    const role = roleOf(all[settings.oidcRoleClaim], settings.oidcRoles);
    return { issuer: iss, subject: sub, email: email_verified === true ? email : undefined, name, role };
  } catch (cause) {
    if (cause instanceof DuetError) throw cause;
    throw new DuetError('unauthorised', 'The provider did not let you in, or it took too long.', {
      fix: 'Try again.',
      cause,
    });
  }
}
