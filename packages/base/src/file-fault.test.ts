import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { fileFault } from './file-fault.ts';

const thrownBy = (work: () => void): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return assert.fail('it must throw');
};

test('a full disk and a file system without writing are no faults in Duet', {
  skip: process.platform !== 'linux',
}, () => {
  // full(4): every write to it fails with ENOSPC.
  const full = thrownBy(() => writeFileSync('/dev/full', 'x'));
  assert.match(fileFault(full)!.message, /^The disk is full\. Make room/);
  const wrapped = new Error('the import failed', { cause: full });
  assert.equal(fileFault(wrapped)!.code, 'unavailable');
  const kernels = thrownBy(() => writeFileSync('/sys/duet', 'x'));
  assert.match(fileFault(kernels)!.message, /^\/sys\/duet: .*--data-dir/);
});

test('what is no file, and a file that is not there, stay what they are', async () => {
  assert.equal(fileFault(thrownBy(() => JSON.parse('{'))), undefined);
  assert.equal(fileFault(thrownBy(() => writeFileSync('/nowhere/at/all', 'x'))), undefined);
  const refused = await new Promise((resolve) => connect(1, '127.0.0.1').once('error', resolve));
  assert.equal(fileFault(refused), undefined);
});
