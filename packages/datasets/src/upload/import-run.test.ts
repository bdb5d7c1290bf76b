import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import { inspectUploads, previewUploads, runImport, startImport } from './import-run.ts';
import { maxUpload, uploadedFiles, uploadsFolder, withoutFolders } from './uploads.ts';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures/cases');

describe('uploaded files', () => {
  const opened = new AsyncDisposableStack();
  let ctx: { db: Awaited<ReturnType<typeof createTestDatabase>>; dataDir: string };
  before(async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-uploads-'));
    opened.defer(() => rm(dataDir, { recursive: true }));
    ctx = { db: opened.use(await createTestDatabase()), dataDir };
  });
  after(() => opened[Symbol.asyncDispose]());

  /** Puts a file where tus puts it, with what tus knows of it. */
  async function upload(runId: string, name: string, content: string | Buffer, size?: number): Promise<string> {
    const id = `${runId}_${randomUUID()}`;
    const folder = uploadsFolder(ctx.dataDir);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, id), content);
    const about = {
      id,
      size: size ?? content.length,
      metadata: { filename: name },
      creation_date: new Date().toJSON(),
    };
    await writeFile(path.join(folder, `${id}.json`), JSON.stringify(about));
    return id;
  }

  test('are recognised, previewed and imported, and no path of the server is told', async () => {
    const run = await ctx.db.prisma.importRun.create({ data: {} });
    const events = await upload(run.id, '../../events.csv', await readFile(path.join(fixtures, 'events.csv')));
    const items = await upload(run.id, 'items-newer.csv', await readFile(path.join(fixtures, 'items-newer.csv')));
    const broken = await upload(run.id, 'events.csv', '\0\0\0\x01\x02');

    const inspected = await inspectUploads(ctx, run.id);
    assert.deepEqual(
      inspected.map(({ name, table, problem }) => [name, table, problem !== undefined]),
      [
        ['events.csv', 'interactions', false],
        ['items-newer.csv', 'items', false],
        ['events (2).csv', undefined, true],
      ],
    );

    const tables = { [events]: 'interactions', [items]: 'items', [broken]: 'none' } as const;
    const preview = await previewUploads(ctx, run.id, { settings: {}, tables });
    assert.deepEqual([preview.rows, preview.users, preview.preview.interactions.length], [20, 5, 20]);
    const problem = await previewUploads(ctx, run.id, { settings: { columns: { user: 'nobody' } }, tables }).catch(
      String,
    );
    assert.match(String(problem), /events\.csv: there is no column "nobody"/);

    await startImport(ctx, run.id, { settings: { name: 'uploaded' }, tables });
    await assert.rejects(startImport(ctx, run.id, { settings: { name: 'again' }, tables }), /under way/);
    const { datasetId } = await runImport(ctx, run.id);
    const done = await ctx.db.prisma.importRun.findUniqueOrThrow({ where: { id: run.id } });
    assert.deepEqual([done.status, done.datasetId], ['done', datasetId]);
    assert.deepEqual(await readdir(uploadsFolder(ctx.dataDir)), []);

    // The same files again add nothing; what is left open is as it was the first time.
    const next = await ctx.db.prisma.importRun.create({ data: { datasetId } });
    const more = await upload(next.id, 'more.csv', 'user_id,item_id,timestamp\nnew,sku-1,1700000000\n');
    const all = await upload(next.id, 'events.csv', await readFile(path.join(fixtures, 'events.csv')));
    await startImport(ctx, next.id, { settings: {}, tables: { [more]: 'interactions', [all]: 'interactions' } });
    const into = await runImport(ctx, next.id);
    assert.deepEqual(into.datasetId, datasetId);
    assert.ok('duplicates' in into && into.duplicates === 20 && into.added === 1);

    // Products alone bring the catalogue up to date.
    const feed = await ctx.db.prisma.importRun.create({ data: { datasetId } });
    const feedFile = await upload(feed.id, 'products.csv', 'sku,title,price\nsku-1,Renamed,1.50\nbrand-new,New,2\n');
    const ofFeed = { settings: {}, tables: { [feedFile]: 'items' as const } };
    const looked = await previewUploads(ctx, feed.id, ofFeed);
    assert.deepEqual([looked.items, looked.preview.items[0]?.title], [2, 'New']);
    await startImport(ctx, feed.id, ofFeed);
    const synced = await runImport(ctx, feed.id);
    assert.ok('updated' in synced && synced.added === 1 && synced.updated === 1);

    // What a file of changes does not say stays as it is.
    await ctx.db.prisma.item.updateMany({
      where: { datasetId, externalId: 'brand-new' },
      data: { attributes: { colour: 'red', size: 'L' } },
    });
    const changes = await ctx.db.prisma.importRun.create({ data: { datasetId } });
    const changed = await upload(changes.id, 'changes.csv', 'id,price,size\nsku-1,9.50,\nbrand-new,3,\n');
    await startImport(ctx, changes.id, { settings: {}, tables: { [changed]: 'items' } });
    const partial = await runImport(ctx, changes.id);
    assert.ok('updated' in partial && partial.updated === 2);
    const where = { datasetId, externalId: { in: ['brand-new', 'sku-1'] } };
    const [fresh, renamed] = await ctx.db.prisma.item.findMany({ where, orderBy: { externalId: 'asc' } });
    assert.deepEqual([renamed!.title, renamed!.priceMinor], ['Renamed', 950]);
    assert.deepEqual([fresh!.title, fresh!.attributes], ['New', { colour: 'red' }]);
    for (const answer of [inspected, preview, problem, done]) assert.doesNotMatch(JSON.stringify(answer), /uploads/);
  });

  test('that are not whole are not imported, and what an import fails of is kept with its run', async () => {
    const run = await ctx.db.prisma.importRun.create({ data: {} });
    const half = await upload(run.id, 'half.csv', 'user_id,item_id\n', maxUpload);
    const order = { settings: { name: 'half' }, tables: { [half]: 'interactions' as const } };
    await assert.rejects(startImport(ctx, run.id, order), /half\.csv is not here as a whole/);

    const failing = await ctx.db.prisma.importRun.create({ data: {} });
    const empty = await upload(failing.id, 'empty.csv', 'user_id,item_id\n,\n');
    await startImport(ctx, failing.id, { settings: { name: 'empty' }, tables: { [empty]: 'interactions' } });
    await assert.rejects(runImport(ctx, failing.id), /no interaction is left/);
    const failed = await ctx.db.prisma.importRun.findUniqueOrThrow({ where: { id: failing.id } });
    assert.equal(failed.status, 'failed');
    assert.match(failed.error ?? '', /no interaction is left/);
    assert.equal((await uploadedFiles(ctx.dataDir, failing.id)).length, 1);
  });

  test('cannot be made to read another file of the server', async () => {
    const run = await ctx.db.prisma.importRun.create({ data: {} });
    const events = await upload(run.id, 'events.csv', 'user_id,item_id\na,x\n');
    const tables = { [events]: 'interactions' as const };
    for (const settings of [{ interactions: '/etc/passwd' }, { as: '/etc/form.json' }, { userLists: {} }]) {
      await assert.rejects(
        previewUploads(ctx, run.id, { settings: settings as object, tables }),
        /settings|form is named/,
      );
    }
  });

  test('are called by their names in whatever is told of them', () => {
    const place = `${uploadsFolder('/var/duet')}/${randomUUID()}/0123456789abcdef`;
    assert.deepEqual(withoutFolders('/var/duet', [`${place}/items/a.csv: bad`, { at: `${place}/items` }]), [
      'a.csv: bad',
      { at: 'items' },
    ]);
  });
});
