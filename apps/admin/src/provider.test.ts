import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '@duet/base';
import { beginAtProvider, finishAtProvider, roleOf } from './provider.ts';
import { startProvider } from './provider-testing.ts';

const callback = 'http://127.0.0.1:4100/login/provider/callback';
const known = {
  ann: { email: 'ann@shop.example', email_verified: true, name: 'Ann', groups: ['staff', 'analysts'] },
  eve: { email: 'ann@shop.example', email_verified: false, name: 'Eve', groups: [] },
};

/** What a browser does at the provider: it follows, keeps cookies, and fills the forms in. @returns where it is sent back */
async function throughProvider(start: string, login: string): Promise<URL> {
  const jar = new Map<string, string>();
  let request: { url: string; form?: URLSearchParams } = { url: start };
  for (let steps = 0; steps < 20; steps++) {
    if (request.url.startsWith(callback)) return new URL(request.url);
    const answer = await fetch(request.url, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(request.form && { method: 'POST', body: request.form }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';')[0]!.split(/=(.*)/s);
      jar.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location !== null) request = { url: new URL(location, request.url).href };
    else {
      const page = await answer.text();
      const [, action] = /<form[^>]*action="([^"]+)"/.exec(page) ?? [];
      const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? [];
      assert.ok(action && prompt, page);
      const form = new URLSearchParams({ prompt, ...(prompt === 'login' && { login, password: 'any' }) });
      request = { url: new URL(action, request.url).href, form };
    }
  }
  throw new Error('The provider leads nowhere.');
}

test('whom a real provider lets in is who they are, with their verified e-mail and their groups’ role', async () => {
  await using provider = await startProvider([callback], known);
  const settings = loadConfig({
    DUET_OIDC_ISSUER: provider.issuer,
    DUET_OIDC_CLIENT_ID: provider.client.client_id,
    DUET_OIDC_CLIENT_SECRET: provider.client.client_secret,
    DUET_OIDC_ROLES: 'admins=admin,analysts=analyst,staff=viewer',
  });
  const asked = await beginAtProvider(settings, callback, '/keys');
  const back = await throughProvider(asked.url, 'ann');
  const expected = { subject: 'ann', email: 'ann@shop.example', name: 'Ann', role: 'analyst' };
  const other = await beginAtProvider(settings, callback, '/');
  await assert.rejects(finishAtProvider(settings, back, other.kept), /did not let you in/, 'another browser’s answer');
  assert.deepEqual(await finishAtProvider(settings, back, asked.kept), { issuer: provider.issuer, ...expected });
  await assert.rejects(finishAtProvider(settings, back, asked.kept), /did not let you in/, 'the same answer again');

  const eve = await beginAtProvider(settings, callback, '/');
  const vouched = await finishAtProvider(settings, await throughProvider(eve.url, 'eve'), eve.kept);
  assert.deepEqual([vouched.subject, vouched.email, vouched.role], ['eve', undefined, undefined]);

  const wrong = { ...settings, oidcClientSecret: 'another' };
  const third = await beginAtProvider(wrong, callback, '/');
  await assert.rejects(finishAtProvider(wrong, await throughProvider(third.url, 'ann'), third.kept), /let you in/);
  await assert.rejects(beginAtProvider({ ...settings, oidcIssuer: 'http://127.0.0.1:9' }, callback, '/'), /not answer/);
});

test('the first group of the setting that somebody has gives their role', () => {
  const setting = 'duet-admins=admin, shop = merchandiser';
  assert.equal(roleOf(['shop', 'duet-admins'], setting), 'admin');
  assert.equal(roleOf('shop', setting), 'merchandiser');
  assert.equal(roleOf(['others'], setting), undefined);
  assert.equal(roleOf(undefined, setting), undefined);
  assert.equal(roleOf([''], ''), undefined);
});
