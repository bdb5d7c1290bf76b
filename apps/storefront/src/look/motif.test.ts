import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { motifIds, motifOf } from './motif.ts';

test('a product is drawn by its title, else by its category, else not at all', () => {
  assert.equal(motifOf('RED RETROSPOT MUG', 'Kitchen & Dining'), 'mug');
  assert.equal(motifOf('Something blue', 'Candles & Lighting'), 'candle');
  assert.equal(motifOf('Something blue', 'Other'), undefined);
  assert.equal(motifOf('Something blue', null), undefined);
});

test('motifs.svg holds exactly the drawings that words name, and takes every colour from the palette', () => {
  const svg = readFileSync(path.join(import.meta.dirname, 'motifs.svg'), 'utf8');
  const drawn = [...svg.matchAll(/<symbol id="(\w+)"/g)].map(([, id]) => id!);
  assert.deepEqual(drawn.toSorted(), [...motifIds].toSorted());
  const colours = new Set([...svg.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour));
  assert.deepEqual([...colours].toSorted(), ['none', 'var(--accent)', 'var(--dark)', 'var(--light)', 'var(--main)']);
});
