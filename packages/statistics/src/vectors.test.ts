import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import kept from './vectors.json' with { type: 'json' };

const python = ['/usr/bin/python3', 'python3'].find((program) => {
  try {
    execFileSync(program, ['-c', 'import scipy, statsmodels'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

function same(actual: unknown, expected: unknown, place: string): void {
  if (typeof expected === 'number') {
    const near = typeof actual === 'number' && Math.abs(actual - expected) <= 1e-6 * Math.abs(expected) + 1e-12;
    assert.ok(near, `${place}: ${actual}, not ${expected}`);
  } else if (typeof expected === 'object' && expected !== null) {
    assert.deepEqual(Object.keys(actual as object), Object.keys(expected), place);
    for (const [key, value] of Object.entries(expected))
      same((actual as Record<string, unknown>)[key], value, `${place}.${key}`);
  } else assert.equal(actual, expected, place);
}

test('vectors.json is what scipy and statsmodels compute here', {
  skip: python ? false : 'needs scipy and statsmodels: apt-get install python3-scipy python3-statsmodels',
}, async () => {
  const { stdout } = await promisify(execFile)(python!, [path.join(import.meta.dirname, 'vectors.py')], {
    maxBuffer: 1e7,
  });
  same({ ...JSON.parse(stdout), scipy: '', statsmodels: '' }, { ...kept, scipy: '', statsmodels: '' }, 'vectors');
});
