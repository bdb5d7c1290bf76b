import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openDataFolder } from './data-folder.ts';

const modeOf = (file: string) => statSync(file).mode & 0o777;

test("customers' data are readable by the data folder's owner alone, also in a folder of an earlier Duet", () => {
  const parent = mkdtempSync(path.join(tmpdir(), 'duet-folder-'));
  const before = process.umask(0o022);
  try {
    const old = path.join(parent, 'old');
    mkdirSync(path.join(old, 'datasets'), { recursive: true });
    writeFileSync(path.join(old, 'datasets', 'orders'), 'x');
    const sentences: string[] = [];
    const open = (folder: string) => openDataFolder(folder, (sentence) => sentences.push(sentence));
    open(old);
    assert.equal(modeOf(path.join(old, 'datasets')), 0o700);
    assert.equal(modeOf(old), 0o755, 'it may hold more than Duet');
    assert.deepEqual(sentences.splice(0), [
      `${old} was open to other users of this machine (datasets); it is its owner's alone now.`,
    ]);
    writeFileSync(path.join(old, 'installation.json'), '{}');
    open(old);
    assert.equal(modeOf(old), process.getuid?.() === 0 ? 0o711 : 0o700);
    assert.match(sentences.splice(0).join(), /\(\.\); it is its owner's alone now/);

    const fresh = path.join(parent, 'new');
    open(fresh);
    open(fresh);
    assert.deepEqual(sentences, []);
    assert.equal(modeOf(fresh) & 0o066, 0);
    writeFileSync(path.join(fresh, 'note.json'), '{}');
    assert.equal(modeOf(path.join(fresh, 'note.json')), 0o600);
    if (process.getuid?.() === 0) {
      // Another user passes through, and lists nothing.
      const as = (command: string) => execFileSync('sh', ['-c', command], { uid: 65534, gid: 65534, stdio: 'pipe' });
      process.umask(0o022);
      mkdirSync(path.join(fresh, 'postgres'));
      execFileSync('chmod', ['755', parent]);
      as(`cd ${path.join(fresh, 'postgres')}`);
      assert.throws(() => as(`ls ${fresh}`), /denied/);
    }
    assert.equal(readFileSync(path.join(old, 'datasets', 'orders'), 'utf8'), 'x');
  } finally {
    process.umask(before);
    rmSync(parent, { recursive: true });
  }
});
