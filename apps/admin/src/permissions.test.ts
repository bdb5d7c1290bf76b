import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { beginSession, mayDo, refusal, roles } from '@duet/db/people';
import { createTestDatabase } from '@duet/db/testing';
import { letIn } from './access.ts';
import { type Action, actions, addresses, needOf } from './permissions.ts';

const app = path.join(import.meta.dirname, 'app');
const filesOf = (name: string): string[] => globSync(`**/${name}`, { cwd: app });

/** Address of a page or a route: its folders without those in brackets, which only group. */
function addressOf(file: string): string {
  const parts = path.dirname(file).split(path.sep);
  return `/${parts.filter((part) => part !== '.' && !/^\(.*\)$/.test(part)).join('/')}`;
}

interface FoundAction {
  name: string;
  file: string;
  exported: string;
  text: string;
}

/** Every function that a file with 'use server' exports: each can be called by whoever can reach the admin. */
async function foundActions(): Promise<FoundAction[]> {
  const found: FoundAction[] = [];
  for (const file of filesOf('*.{ts,tsx}')) {
    const text = await readFile(path.join(app, file), 'utf8');
    if (!/^\s*'use server'/m.test(text)) continue;
    for (const [, exported] of text.matchAll(/^export (?:async function|const|function) (\w+)/gm)) {
      found.push({ name: `${path.basename(path.dirname(file))}/${exported}`, file, exported: exported!, text });
    }
  }
  return found;
}

test('every page and route of the admin has a line in the table, and there is no other line', () => {
  const found = [...filesOf('page.tsx'), ...filesOf('route.ts')].map(addressOf);
  assert.deepEqual(Object.keys(addresses).sort(), found.sort());
});

test('every server action has a line, and asks for its own permission before it does anything', async () => {
  const found = await foundActions();
  assert.deepEqual(found.map(({ name }) => name).sort(), Object.keys(actions).sort());
  for (const { name, exported, text } of found) {
    if (actions[name as Action] === 'open') continue;
    assert.match(text, new RegExp(`^export const ${exported} = guarded\\(\\s*'${name}',`, 'm'), name);
  }
});

test('a path wants what the page wants that Next shows for it', () => {
  const expected = {
    '/': 'see',
    '/login': 'open',
    '/keys': 'administer',
    '/datasets/new': 'see',
    '/datasets/a%2Fb/experiments/new': 'analyse',
    '/datasets/shop/experiments/01890000-0000-7000-8000-000000000000': 'see',
    '/datasets/shop/experiments/x/edit': 'analyse',
    '/imports/new': 'import',
    '/imports/x': 'see',
    '/api/uploads': 'import',
    '/api/uploads/x/y': 'import',
    '/no/such/page': 'see',
    '/keys/': 'administer',
    '/login/x': 'see',
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, needOf(name)])), expected);
});

/** Of the request that an action runs in: what Next would tell it. */
const request = new AsyncLocalStorage<{ cookie: string }>();
(globalThis as { duetRequest?: typeof request }).duetRequest = request;

/** Outside of Next there is no request: what asks for it is told this test's. Everything else is the real thing. */
const nextModules: Record<string, string> = {
  'next/headers': `
    const cookie = () => globalThis.duetRequest.getStore().cookie;
    export const headers = async () => new Headers({ 'x-duet-path': '/' });
    export const cookies = async () => ({ get: (name) => name === 'duet_admin' ? { value: cookie() } : undefined });`,
  'next/navigation': `
    const stop = (why) => () => { throw new Error(why); };
    export const redirect = stop('redirect'), forbidden = stop('forbidden'), notFound = stop('notFound');
    export const unstable_rethrow = () => {};`,
  'next/cache': 'export const refresh = () => {};',
};

registerHooks({
  resolve: (specifier, context, next) =>
    specifier in nextModules
      ? { url: `data:text/javascript,${encodeURIComponent(nextModules[specifier]!)}`, shortCircuit: true }
      : next(specifier, context),
});

type Answer = string | { problem?: string } | undefined;

/** What an action says to who sends nothing; of an error, its message. */
async function answerOf(call: () => Promise<Answer>): Promise<string> {
  try {
    const answer = await call();
    return (typeof answer === 'string' ? answer : answer?.problem) ?? '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('each role is refused every action that its permissions lack, with a sentence, and no other', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-admin-'));
  await using db = await createTestDatabase();
  Object.assign(process.env, { DATABASE_URL: db.url, DUET_DATA_DIR: dataDir, DUET_LOG_LEVEL: 'silent' });
  const found = (await foundActions()).filter(({ name }) => actions[name as Action] !== 'open');
  const modules = new Map<string, Record<string, (...args: unknown[]) => Promise<Answer>>>();
  for (const { file } of found) modules.set(file, await import(path.join(app, file)));
  for (const role of Object.keys(roles) as (keyof typeof roles)[]) {
    const { id } = await db.prisma.account.create({ data: { email: `${role}@shop.example`, name: role, role } });
    const { token, session } = letIn({ dataDir });
    await beginSession(db, { ...session, accountId: id, address: '', browser: '' });
    for (const { name, file, exported } of found) {
      const need = actions[name as Action];
      const call = () => modules.get(file)![exported]!(undefined, new FormData());
      const answer = await request.run({ cookie: token }, () => answerOf(call));
      const sentence = need === 'open' ? '' : refusal(role, need);
      assert.equal(answer.startsWith(sentence), need !== 'open' && !mayDo(role, need), `${role}: ${name}: ${answer}`);
    }
  }
  const { openedDatabase } = await import('./data/services.ts');
  await (await openedDatabase())[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true });
});
