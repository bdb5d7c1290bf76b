import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { silent } from '@duet/base';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { ensureModel } from './demo/prepare.ts';
import { duet as runDuet } from './duet.ts';
import { Steps } from './start/steps.ts';

const main = path.join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'duet-cli-'));
let db: Database;

before(async () => {
  db = await createTestDatabase();
  // What a command that runs in this process reads.
  Object.assign(process.env, { DATABASE_URL: db.url, DUET_DATA_DIR: folder });
});
after(async () => {
  await db[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `duet` as a user does, on a database and a data folder of this test's own. */
function duet(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, DATABASE_URL: db.url, DUET_DATA_DIR: folder, NODE_TEST_CONTEXT: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The one JSON document on stdout, of a process of its own. */
async function asJson(...args: string[]) {
  const { code, stdout, stderr } = await duet(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Runs `duet` in this process, which spares it the start of another. */
async function duetHere(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const out = (text: string) => {
    stdout += text;
  };
  const err = (text: string) => {
    stderr += text;
  };
  return { code: await runDuet(args, { out, err }), stdout, stderr };
}

async function asJsonHere(...args: string[]) {
  const { code, stdout, stderr } = await duetHere(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

const sentence = (stderr: string): string => stderr.trim().split('\n')[0]!;

test('every command has a help with an example', async () => {
  const { stdout } = await duetHere('--help');
  const commands = [...stdout.matchAll(/^ {2}([a-z-]+) \[/gm)].map(([, name]) => name!);
  for (const name of ['start', 'import', 'train', 'evaluate', 'index', 'retrieve', 'report', 'doctor']) {
    assert.ok(commands.includes(name), name);
  }
  const helps = await Promise.all(commands.filter((name) => name !== 'help').map((name) => duetHere(name, '--help')));
  for (const { code, stdout: help } of helps) {
    assert.equal(code, 0);
    assert.match(help, /Example:\n {2}\$ npx duet /);
    assert.match(help, /--json/);
  }
});

describe('what the user got wrong ends in one clear sentence, a code, and nothing on stdout', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['an unknown option', ['datasets', '--modle'], 2, /unknown option '--modle'/],
    ['a missing option', ['tune', '--json'], 2, /required option '--model <kind>'/],
    ['neither a kind nor a run to resume', ['train', '--json'], 2, /either --model or --resume/],
    ['an unknown dataset', ['train', '--dataset', 'none', '--model', 'dat'], 3, /There is no dataset "none"/],
    ['an unknown model', ['index', '--model', 'none', '--json'], 3, /There is no model "none"/],
    ['an unknown experiment', ['report', '--experiment', 'none'], 3, /There is no experiment "none"/],
    ['a setting without a value', ['train', '--model', 'dat', '--set', 'epochs'], 2, /It must be key=value/],
    ['neither model nor baseline', ['evaluate', '--split', 'time:0.8'], 2, /either --model or --baseline/],
    [
      'a key without a scope',
      ['keys', 'create', '--name', 'shop'],
      2,
      /field scopes: .* needs a name and scopes out of/,
    ],
    [
      'a key with a scope that is none',
      ['keys', 'create', '--name', 'x', '--scope', 'root'],
      2,
      /field scopes: .*scopes out of retrieve, customers, events/,
    ],
    ['an unknown key', ['keys', 'revoke', '--key', 'none'], 3, /There is no API key "none"/],
    ['an import of nothing', ['import', '--name', 'shop', '--json'], 2, /It takes --interactions/],
    ['a statistic that is no JSON', ['stats', '--input', import.meta.filename], 2, /It is not JSON/],
    ['a statistic that is not there', ['stats', '--input', '/nowhere'], 3, /cannot be read/],
  ];
  cases.forEach(([name, args, expected, words], place) => {
    test(name, async () => {
      // One as a program, whose exit code a script sees; the others say the same in this process.
      const { code, stdout, stderr } = await (place === 0 ? duet : duetHere)(...args);
      assert.equal(code, expected, stderr);
      assert.equal(stdout, '');
      assert.match(sentence(stderr), words);
      assert.doesNotMatch(stderr, /^ {4}at /m);
    });
  });
});

test('an answer that is longer than what a socket holds is read to its end', async () => {
  const input = path.join(folder, 'many.json');
  writeFileSync(
    input,
    JSON.stringify({ kind: 'holm', inputs: { p: Array.from({ length: 30_000 }, (_, i) => i / 3e4) } }),
  );
  const { stdout } = await duet('stats', '--input', input, '--json');
  assert.equal(JSON.parse(stdout).result.adjusted.length, 30_000);
});

test('a bad setting of the environment is named with its value', async () => {
  const env = { ...process.env, DUET_ADMIN_PORT: 'many', NODE_TEST_CONTEXT: '' };
  const stderr = await new Promise<string>((resolve) => {
    execFile(process.execPath, [main, 'datasets'], { env }, (_, __, said) => resolve(said));
  });
  assert.match(stderr, /DUET_ADMIN_PORT is "many"/);
});

test('the kinds of model are listed with the command that makes one', async () => {
  const { kinds } = await asJsonHere('models', '--kinds');
  const families = kinds.map(({ kind, family }: Record<string, string>) => `${kind} ${family}`);
  for (const one of ['item-knn scorer', 'ease scorer', 'wals factors', 'ials factors', 'dat tower']) {
    assert.ok(families.includes(one), one);
  }
  const { stdout } = await duetHere('models', '--kinds');
  assert.match(stdout, /npx duet train --model ials/);
  assert.match(stdout, /npx duet evaluate --baseline ease/);
  const { settings } = await asJsonHere('models', '--settings', 'dat');
  const epochs = settings.find(({ name }: { name: string }) => name === 'epochs');
  assert.deepEqual([epochs.paper, epochs.fast, epochs.best], [6, 3, 4]);
  assert.ok(settings.every(({ meaning }: { meaning: string }) => meaning !== ''));
});

test('a key is made, shown once, listed and revoked', async () => {
  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'teapots', settings: {} } });
  const { id, key } = await asJsonHere('keys', 'create', '--name', 'till', '--scope', 'events,orders', '--rate', '50');
  const listed = async () =>
    (await asJsonHere('keys', 'list')).keys.find((one: { id: string }) => one.id === id) as Record<string, unknown>;
  const { name, dataset, prefix, scopes, rateLimit, revokedAt } = await listed();
  assert.deepEqual(
    { name, dataset, scopes, rateLimit, revokedAt },
    { name: 'till', dataset: 'teapots', scopes: ['events', 'orders'], rateLimit: 50, revokedAt: null },
  );
  assert.ok(key.startsWith(prefix) && key.startsWith('sk_'));
  assert.ok(!(await duetHere('keys', 'list')).stdout.includes(key));
  assert.deepEqual(await asJsonHere('keys', 'revoke', '--key', 'till'), { id, revoked: true });
  assert.notEqual((await listed()).revokedAt, null);
  assert.match((await duetHere('keys', 'revoke', '--key', 'till')).stderr, /no API key "till" that works/);
  const pages = ['keys', 'create', '--name', 'pages', '--publishable', '--origin', 'https://shop.example'];
  assert.match((await asJsonHere(...pages, '--scope', 'retrieve,events')).key, /^pk_/);
  const forged = await duetHere(...pages, '--scope', 'orders');
  assert.deepEqual([forged.code, forged.stdout], [2, '']);
  assert.match(forged.stderr, /publishable key, which everybody can read, may not have "orders"/);
  assert.match((await asJsonHere('keys', 'signing-secret')).secret, /^vs_/);
  await db.prisma.dataset.delete({ where: { id: datasetId } });
});

test('from a file to recommendations: import, evaluate, train, index, retrieve, models', async () => {
  // Forty shoppers of two tastes: each buys four of the eight items of its taste, in an order of its own.
  const rows = Array.from({ length: 40 }, (_, user) =>
    Array.from({ length: 4 }, (_, turn) => {
      const item = (user % 2) * 8 + ((user * 3 + turn * 5) % 8);
      return `u${user},i${item},${1_700_000_000 + turn * 86_400 + user},view,${item + 1}.50`;
    }).join('\n'),
  );
  const items = Array.from({ length: 16 }, (_, item) => `i${item},Item ${item},${item < 8 ? 'Left' : 'Right'}`);
  writeFileSync(path.join(folder, 'log.csv'), `who,what,at,kind,cost\n${rows.join('\n')}\nu1,,1700000000,view,1\n`);
  writeFileSync(path.join(folder, 'items.csv'), `what,title,category\n${items.join('\n')}\n`);

  const imported = await asJson(
    ...['import', '--name', 'shop', '--interactions', path.join(folder, 'log.csv')],
    ...['--items', path.join(folder, 'items.csv'), '--user', 'who', '--item-col', 'what', '--time', 'at'],
    ...['--event', 'kind', '--price', 'cost', '--event-weight', 'view=1'],
  );
  const { rows: kept, users, items: known, rejected } = imported;
  assert.deepEqual({ kept, users, known, rejected }, { kept: 160, users: 40, known: 16, rejected: 1 });
  const { datasets } = await asJsonHere('datasets');
  assert.deepEqual(
    datasets.map(({ datasetId, name, status }: Record<string, string>) => ({ datasetId, name, status })),
    [{ datasetId: imported.datasetId, name: 'shop', status: 'done' }],
  );

  const split = ['--split', 'leave-last-out'];
  const popularity = await asJsonHere('evaluate', '--baseline', 'popularity', '--dataset', 'shop', ...split);
  // Every item is among the fifty most popular of sixteen.
  assert.equal(popularity.metrics['HR@50'], 1);

  const small = ['--set', 'epochs=2', '--set', 'layers=[8]', '--set', 'augmentedDims=8', '--set', 'negatives=4'];
  const trained = await asJson('train', '--dataset', 'shop', '--model', 'dat', ...small, ...split);
  assert.equal(trained.metrics['HR@50'], 1);
  assert.equal((await db.prisma.trainingRun.findFirstOrThrow()).status, 'done');
  const again = await asJsonHere('evaluate', '--model', trained.modelId);
  assert.deepEqual(again.metrics, trained.metrics);

  const index = await asJsonHere('index', '--model', 'dat');
  assert.equal(index.modelId, trained.modelId);
  assert.equal(index.size, 16);

  const shown = await asJson('retrieve', '--user', 'u1', '--k', '5', '--model', 'dat', '--no-rank');
  assert.equal(shown.known, true);
  assert.equal(shown.items.length, 5);
  // The last one was held back from the model.
  const bought = new Set(rows[1]!.split('\n', 3).map((row) => row.split(',')[1]));
  for (const { itemId, title } of shown.items) {
    assert.ok(!bought.has(itemId), `${itemId} was bought before`);
    assert.equal(title, `Item ${itemId.slice(1)}`);
  }

  const { models } = await asJsonHere('models', '--dataset', 'shop');
  assert.deepEqual(
    models.map(({ name, metrics }: { name: string; metrics: object }) => [name, Object.keys(metrics)]),
    [
      ['dat', ['leave-last-out']],
      ['popularity', ['leave-last-out']],
    ],
  );
});

test('a search around a model that one has shows it beside what was found, and the command that takes that over', async () => {
  const search = ['tune', '--dataset', 'shop', '--model', 'item-knn', '--split', 'leave-last-out', '--metric', 'MRR'];
  const { code, stdout, stderr } = await duetHere(...search, ...['--start', 'neighbours=3', '--trials', '4']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^the start .* neighbours=3$/m);
  const next = /npx duet (evaluate --baseline item-knn --dataset shop --split leave-last-out) (.*)$/m.exec(stdout)!;
  const settings = [...next[2]!.matchAll(/--set '([^']+)'/g)].flatMap(([, setting]) => ['--set', setting!]);
  assert.ok(settings.length > 0);
  assert.equal((await asJsonHere(...next[1]!.split(' '), ...settings)).metrics['HR@50'], 1);
});

test('a start trains the models of its settings once, and finds them the next time', async () => {
  const env = { ...process.env, DATABASE_URL: db.url, DUET_DATA_DIR: folder, NODE_TEST_CONTEXT: '' };
  const job = { env, dataDir: folder, progress: silent, signal: new AbortController().signal };
  const steps = new Steps();
  // Eight days on each of which everybody buys something new.
  const bought = Array.from({ length: 320 }, (_, i) => {
    const [day, user] = [Math.floor(i / 40), i % 40];
    return `u${user},i${(user * 7 + day * 5) % 48},${1_700_000_000 + i * 2_160}`;
  });
  writeFileSync(path.join(folder, 'days.csv'), `user,item,time\n${bought.join('\n')}\n`);
  await asJsonHere('import', '--name', 'days', '--interactions', path.join(folder, 'days.csv'));
  const dataset = await db.prisma.dataset.findUniqueOrThrow({ where: { name: 'days' } });
  const ensured = (epochs: number, anyWillDo = false) => {
    const training = { preset: 'fast', set: { epochs, layers: [8], negatives: 4 }, anyWillDo };
    return ensureModel({ db, dataDir: folder, steps, job, fail: () => {} }, dataset, 'two-tower', training);
  };
  const first = await ensured(1);
  assert.equal((await ensured(1)).id, first.id);
  assert.equal((await ensured(2, true)).id, first.id, 'what is there is served before anything is trained');
  assert.notEqual((await ensured(2)).id, first.id);
  assert.deepEqual(
    steps.records.map(({ worked }) => worked),
    [true, false, false, true],
  );
});

test('a query is answered by its words, and friends are found for a user, never the user', async () => {
  const kinds = ['cup', 'jug', 'hat'];
  const clicks = ['red', 'blue', 'green', 'black'].flatMap((colour) =>
    kinds.flatMap((kind) => Array.from({ length: 8 }, (_, item) => `${colour} ${kind},${kind}${item}`)),
  );
  const edges = Array.from({ length: 120 }, (_, i) => `p${i % 24},p${(i + 4 * (1 + Math.floor(i / 24))) % 24}`);
  writeFileSync(path.join(folder, 'clicks.csv'), `query,item\n${clicks.join('\n')}\n`);
  writeFileSync(path.join(folder, 'friends.csv'), `user,friend\n${edges.join('\n')}\n`);
  writeFileSync(
    path.join(folder, 'groups.csv'),
    `user,group\n${edges.map((_, i) => `p${i % 24},g${i % 4}`).join('\n')}\n`,
  );
  const small = ['--set', 'epochs=30', '--set', 'layers=[8]', '--set', 'batch=32', '--set', 'history=0'];
  const trained = async (name: string, ...columns: string[]) => {
    await asJsonHere('import', '--name', name, '--interactions', path.join(folder, `${name}.csv`), ...columns);
    const train = ['train', '--dataset', name, '--model', 'two-tower', '--name', name];
    await asJsonHere(...train, ...small, '--set', 'userIdDropout=0.5', '--set', 'tableLearningRate=0.05');
    await asJsonHere('index', '--model', name);
  };

  await trained('clicks', '--left', 'query');
  const hats = await asJsonHere('retrieve', '--query', 'A Hat', '--k', '8', '--model', 'clicks', '--no-rank');
  assert.equal(hats.known, true);
  assert.ok(hats.items.filter(({ itemId }: { itemId: string }) => itemId.startsWith('hat')).length >= 6);

  const list = `group=${path.join(folder, 'groups.csv')}:user:group`;
  await trained('friends', '--right', 'user', '--symmetric', '--user-list', list);
  const others = await asJsonHere('retrieve', '--user', 'p3', '--k', '24', '--model', 'friends', '--no-rank');
  assert.ok(others.items.length > 0 && others.items.every(({ itemId }: { itemId: string }) => itemId !== 'p3'));
  const { code, stderr } = await duetHere('retrieve', '--user', 'p3', '--query', 'hat', '--model', 'friends');
  assert.equal(code, 2);
  assert.match(sentence(stderr), /says what users want, not what a query means/);
});

test('doctor tells which engines run, and every setting but the secret ones', async () => {
  const { ok, annEngine, findings, settings } = await asJsonHere('doctor');
  assert.equal(ok, true);
  assert.ok(
    findings.some(({ name, ok: works }: { name: string; ok: boolean }) => name === `ANN engine ${annEngine}` && works),
  );
  const url = settings.find(({ variable }: { variable: string }) => variable === 'DATABASE_URL');
  assert.equal(url.value, '(set)');
});

test('stop says when nothing runs', async () => {
  assert.deepEqual(await asJsonHere('stop'), { stopped: false });
});

test('an experiment is set up, run, changed, stopped and decided from the command line', async () => {
  const dataset = await db.prisma.dataset.create({ data: { name: 'arms', settings: {} } });
  const datasetId = dataset.id;
  for (const name of ['old-model', 'new-model']) {
    const model = await db.prisma.model.create({ data: { datasetId, name, kind: 'two-tower', parameters: {} } });
    if (name === 'new-model') continue;
    const size = { dimensions: 8, size: 1, bytes: 1, buildMs: 1, recallAt100: 1, p50Us: 1, p99Us: 1 };
    await db.prisma.index.create({
      data: { modelId: model.id, factory: 'Flat', engine: 'exact', active: true, ...size },
    });
  }
  const plan = ['--arm', 'old=old-model', '--arm', 'new=new-model,alpha=0.5', '--days', '7', '--traffic', '0.5'];
  const made = await asJsonHere(
    'experiment',
    'create',
    '--name',
    'cli',
    '--dataset',
    'arms',
    ...plan,
    '--guardrail',
    'ctr=0.02',
  );
  assert.equal(made.status, 'draft');
  assert.deepEqual(made.settings.guardrails, [{ metric: 'ctr', maxRelativeLoss: 0.02 }]);
  assert.deepEqual(
    made.arms.map(({ name, weight, control, settings }: Record<string, unknown>) => [name, weight, control, settings]),
    [
      ['old', 0.5, true, {}],
      ['new', 0.5, false, { alpha: 0.5 }],
    ],
  );
  const named = ['--experiment', 'cli'];
  const refused = await duetHere('experiment', 'start', ...named);
  assert.equal(refused.code, 4);
  assert.match(sentence(refused.stderr), /"cli" cannot start\. The model of arm "new" has no index: npx duet index/);
  await asJsonHere(
    'experiment',
    'set',
    ...named,
    '--arm',
    'old=old-model',
    '--arm',
    'same=old-model',
    '--set',
    'overrides.qa=same',
    '--set',
    'overrides.qa.two=old',
  );
  assert.equal((await asJsonHere('experiment', 'start', ...named)).status, 'running');
  const { stdout: shown } = await duetHere('experiment', 'show', ...named);
  assert.match(shown, /cli is running, an A\/A test, phase 1, on arms/);
  assert.match(shown, /cli:\S+ +start +\{"status":"draft"\} +\{"status":"running"\}/);

  const qa = await asJsonHere('experiment', 'assign', '--user', 'qa');
  assert.deepEqual([qa.experiment, qa.arm, qa.experiments[0].reason], ['cli', 'same', 'override']);
  assert.equal((await asJsonHere('experiment', 'assign', '--user', 'qa.two')).arm, 'old');
  const { buckets } = (await asJsonHere('experiment', 'assign', '--user', '1')).experiments[0];
  assert.ok(buckets.arm >= 0 && buckets.arm < 10_000 && buckets.layer === null);

  assert.equal((await asJsonHere('experiment', 'set', ...named, '--traffic', '1')).trafficShare, 1);
  const locked = await duetHere('experiment', 'set', ...named, '--days', '3');
  assert.equal(locked.code, 4);
  assert.match(sentence(locked.stderr), /"settings\.plannedDays" is locked while "cli" runs/);
  assert.equal((await asJsonHere('experiment', 'phase', ...named, '--days', '3', '--note', 'shorter')).phase, 2);
  assert.equal((await asJsonHere('experiment', 'stop', ...named)).status, 'stopped');
  const decided = await asJsonHere('experiment', 'decide', ...named, '--arm', 'none', '--note', 'A/A');
  assert.match(decided.decidedBy, /^cli:/);
  const [listed] = await asJsonHere('experiment', 'list');
  assert.deepEqual([listed.name, listed.status, listed.decision, listed.dataset], ['cli', 'decided', 'none', 'arms']);
  await asJsonHere('experiment', 'holdout', '--dataset', 'arms', '--share', '0.05');
  assert.equal((await db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } })).holdout, 0.05);
});
