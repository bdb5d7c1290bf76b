import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Dataset } from './generated/client.ts';
import { createTestDatabase, type Fixture, loadFixture, type Place } from './testing.ts';

// A cache of this test's own, so that it finds nothing there and leaves nothing.
let cache: string;
before(async () => {
  cache = await mkdtemp(path.join(tmpdir(), 'duet-fixture-'));
  process.env.XDG_CACHE_HOME = cache;
});
after(() => rm(cache, { recursive: true }));

async function openPlace(): Promise<Place & AsyncDisposable> {
  const db = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(cache, 'place-'));
  return { db, dataDir, [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() };
}

const awkward = 'a "quoted", (bracketed) \\ name\nof two lines; NULL';
let made = 0;
const fixture: Fixture<{ id: string }> = {
  name: 'awkward',
  madeBy: '@duet/db',
  files: [path.relative(path.join(import.meta.dirname, '../../..'), fileURLToPath(import.meta.url))],
  async make({ db, dataDir }) {
    made++;
    await writeFile(path.join(dataDir, 'file'), 'bytes');
    const { id } = await db.prisma.dataset.create({ data: { name: awkward, settings: { nothing: null, x: 1e-7 } } });
    const registered = await db.prisma.registeredModel.create({ data: { datasetId: id, name: 'm', kind: 'dat' } });
    const data = { datasetId: id, name: 'm', kind: 'dat', parameters: [0.1, null], registeredModelId: registered.id };
    const model = await db.prisma.model.create({ data });
    // Two tables that refer to each other.
    await db.prisma.registeredModel.update({ where: { id: registered.id }, data: { championId: model.id } });
    return { id };
  },
};

test('a fixture is made once, however many ask at once, and every copy has its rows and files exactly', async () => {
  await using first = await openPlace();
  await using second = await openPlace();
  const values = await Promise.all([loadFixture(first, fixture), loadFixture(second, fixture)]);
  assert.equal(made, 1);
  assert.deepEqual(values[0], values[1]);
  const rowsOf = ({ db }: Place): Promise<Dataset[]> =>
    db.prisma.dataset.findMany({ include: { models: true, registered: true } });
  const [dataset] = await rowsOf(first);
  assert.deepEqual([dataset?.id, dataset?.name], [values[0].id, awkward]);
  assert.deepEqual(await rowsOf(second), [dataset]);
  assert.equal(readFileSync(path.join(second.dataDir, 'file'), 'utf8'), 'bytes');
});

test('what its files hold decides which fixture it is, and one that cannot be made leaves nothing behind', async () => {
  await using place = await openPlace();
  await loadFixture(place, { ...fixture, files: ['package.json'] });
  assert.equal(made, 2);
  const broken = { ...fixture, name: 'broken', make: () => Promise.reject(new Error('no')) };
  await assert.rejects(loadFixture(place, broken), /^Error: no$/);
  const names = await readdir(path.join(cache, 'duet/fixtures'));
  assert.deepEqual(
    names.filter((name) => !name.startsWith('awkward-')),
    [],
  );
  assert.ok(existsSync(path.join(cache, 'duet/fixtures', names[0]!, 'rows.json')));
});
