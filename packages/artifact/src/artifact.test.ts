import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { presets } from '@duet/models';
import { seededRng } from '@duet/random';
import { type Artifact, modelFolder, readArtifact, writeArtifact } from './artifact.ts';
import { EmbeddingTable } from './inputs/embedding-table.ts';
import { encodeTerms } from './inputs/terms.ts';

let dataDir: string;
before(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'duet-artifact-'));
});
after(() => rm(dataDir, { recursive: true }));

/** Two users, three items, one feature a side. */
function artifact(id: string): Artifact {
  const user = encodeTerms([['uk'], ['fr']], 1);
  const item = encodeTerms([['cup'], ['cup', 'tea'], []], 1);
  const features = {
    user: [{ name: 'country', table: 'user.country', dims: 2, offset: 0 }],
    item: [{ name: 'title', table: 'item.title', dims: 2, offset: 0 }],
    sequence: [],
  };
  const table = () => new EmbeddingTable(3, 2).initialise(seededRng(1), 1);
  return {
    file: {
      id,
      kind: 'dat',
      datasetId: 'd',
      fingerprint: 'f',
      split: 'none',
      seed: 1,
      executor: 'onnx',
      createdAt: '2026-01-01T00:00:00.000Z',
      family: 'tower',
      settings: presets.fast,
      dimensions: 2,
      features,
      vocabularies: { user: { country: user.vocabulary }, item: { title: item.vocabulary } },
      users: ['u1', 'u2'],
      items: ['a', 'b', 'c'],
    },
    space: {
      ...features,
      userWidth: 2,
      itemWidth: 2,
      tables: { 'user.country': { rows: 3, dims: 2 }, 'item.title': { rows: 3, dims: 2 } },
      encoded: { user: { country: user }, item: { title: item } },
      context: {},
    },
    params: { 'user/w0': Float32Array.of(1, 2, 3, 4), 'user/w0/m': Float32Array.of(9, 9, 9, 9) },
    tables: { 'user.country': table(), 'item.title': table() },
    itemVectors: Float32Array.of(1, 0, 0, 1, 1, 0),
    historyStart: Int32Array.of(0, 1, 3),
    historyItem: Int32Array.of(2, 0, 1),
  };
}

describe('a model artifact', () => {
  test('gives back the model, without what only training needed', async () => {
    const written = artifact('whole');
    await writeArtifact(dataDir, written);
    const read = await readArtifact(dataDir, 'whole');
    assert.deepEqual(read.file, { schemaVersion: 1, ...written.file });
    assert.deepEqual(read.space, written.space);
    assert.deepEqual(read.params, { 'user/w0': written.params['user/w0'] });
    assert.deepEqual(read.tables['item.title']?.values, written.tables['item.title']?.values);
    assert.deepEqual(read.itemVectors, written.itemVectors);
    assert.deepEqual(read.historyItem, written.historyItem);
  });

  test('is refused with the reason when a file is cut off, altered or gone', async () => {
    for (const name of ['model.json', 'weights.safetensors', 'entities.safetensors', 'item-vectors.safetensors']) {
      await writeArtifact(dataDir, artifact(`cut-${name}`));
      const file = path.join(modelFolder(dataDir, `cut-${name}`), name);
      const bytes = await readFile(file);
      await truncate(file, bytes.length - 3);
      const damaged = { code: 'corrupt', message: /its SHA-256 is not the one in SHA256SUMS.*train the model again/ };
      await assert.rejects(readArtifact(dataDir, `cut-${name}`), damaged);
      bytes[bytes.length - 5]! ^= 1;
      await writeFile(file, bytes);
      await assert.rejects(readArtifact(dataDir, `cut-${name}`), damaged);
      await rm(file);
      await assert.rejects(readArtifact(dataDir, `cut-${name}`), { code: 'corrupt', message: /missing/ });
    }
  });

  test('is refused when its tensors do not fit its description', async () => {
    const unfit = artifact('unfit');
    unfit.file.users.push('u3');
    await writeArtifact(dataDir, unfit);
    await assert.rejects(readArtifact(dataDir, 'unfit'), { code: 'corrupt', message: /model\.json asks for/ });
  });

  test('is refused when a vocabulary is not the one that its table was trained with', async () => {
    const unfit = artifact('vocabulary');
    unfit.file.vocabularies.item.title!.push('saucer');
    await writeArtifact(dataDir, unfit);
    await assert.rejects(readArtifact(dataDir, 'vocabulary'), {
      code: 'corrupt',
      message: /the vocabulary of "title" has 3 terms, and its table "item\.title" has rows for 2/,
    });
  });

  test('that is not there is said to be not there', async () => {
    await assert.rejects(readArtifact(dataDir, 'nobody'), { code: 'not-found' });
  });
});
