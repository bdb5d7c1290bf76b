import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dictionary, hashPrime, hashStart } from './dictionary.ts';

const hashOf = (bytes: Buffer): number => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, hashPrime), hashStart);

test('a dictionary gives a text one number, and each text its own, also where hashes are the same', () => {
  const dictionary = new Dictionary(50_000);
  const numbers = new Map<string, number>();
  for (let i = 0; i < 120_000; i++) {
    const text = `ü${(i * 7919) % 50_000}`;
    const bytes = Buffer.from(`,${text},`);
    const number = dictionary.numberOf(bytes, 1, bytes.length - 1, hashOf(bytes.subarray(1, -1)), 0);
    assert.equal(numbers.get(text) ?? number, number);
    numbers.set(text, number);
  }
  assert.equal(dictionary.size, 50_000);
  assert.equal(dictionary.isFull, true);
  for (const [text, number] of numbers) assert.equal(dictionary.textOf(number), text);
  const collides = new Dictionary(10);
  const [one, other] = [Buffer.from('one'), Buffer.from('two')];
  assert.deepEqual(
    [one, other, one].map((text) => collides.numberOf(text, 0, 3, 42, 0)),
    [0, 1, 0],
  );
});
