import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PicturedRun, stepsOf } from './run-steps.ts';

const stage = (name: string, from: string, to: string | null, sentence = `${name} done.`) => ({
  ...{ name, sentence, state: {} },
  startedAt: `2026-11-30T${from}Z`,
  finishedAt: to && `2026-11-30T${to}Z`,
});
const trained = [
  stage('measure', '03:00:00', '03:01:00'),
  stage('refit', '03:01:00', '03:02:30'),
  stage('index', '03:02:30', '03:02:40'),
];
const run = (changes: Partial<PicturedRun>): PicturedRun => ({
  ...{ status: 'done', stages: [], gate: null, promoted: false, error: null },
  ...{ snapshot: null, version: 2, champion: 1, wasChampion: false, ...changes },
});
const states = (of: PicturedRun) => stepsOf(of).map(({ state }) => state);

test('a run that waits in the queue has reached nothing', () => {
  assert.deepEqual(states(run({ status: 'queued', version: null })), Array(5).fill('waiting'));
});

test('the data of a run are told as what came in and what it learns from', () => {
  const data = { ...stage('data', '03:00:00', '03:00:10'), state: { folded: 1200 } };
  const snapshot = { number: 4, interactions: 5000, users: 70, items: 30 };
  const [dataIn, learnt] = stepsOf(run({ stages: [data, ...trained], snapshot }));
  assert.deepEqual([dataIn!.lines, dataIn!.tookMs], [['1,200 events became data.'], 10_000]);
  assert.deepEqual(learnt!.lines, ['Snapshot 4: 5,000 interactions of 70 shoppers with 30 items.']);
});

test('a step is busy while the run is in it, and what lies before it is done', () => {
  const stages = [trained[0]!, stage('refit', '03:01:00', null)];
  const picture = stepsOf(run({ status: 'running', stages }));
  assert.deepEqual(
    picture.map(({ state }) => state),
    ['done', 'done', 'busy', 'waiting', 'waiting'],
  );
  assert.equal(picture[2]!.tookMs, undefined);
});

test('a version that its gate held back leaves what served, and one that waits says for whom', () => {
  const stages = [...trained, stage('gate', '03:02:40', '03:03:00')];
  const gate = (passed: boolean) => ({ passed, checks: [{ name: 'coverage', passed, sentence: 'Few.' }] });
  const held = stepsOf(run({ stages, gate: gate(false) }));
  assert.deepEqual(held.slice(2).map(({ state }) => state), ['done', 'held', 'held']); // biome-ignore format: a row
  assert.match(held[4]!.lines[0]!, /Version 2 is held back/);
  assert.equal(held[2]!.tookMs, 160_000);
  const asks = stepsOf(run({ stages, gate: gate(true) }));
  assert.deepEqual([asks[3]!.state, asks[4]!.state], ['done', 'held']);
  assert.match(asks[4]!.lines[0]!, /waits for somebody/);
  assert.equal(stepsOf(run({ stages, gate: gate(true), champion: 2 }))[4]!.state, 'done');
  const linesOf = (changes: Partial<PicturedRun>) => stepsOf(run({ stages, gate: gate(true), ...changes }))[4]!.lines;
  assert.deepEqual(linesOf({ wasChampion: true }), ['Version 2 became the champion; now it is 1.']);
  assert.deepEqual(linesOf({ champion: 3 }), ['Version 2 was not promoted: version 3 is the champion.']);
});

test('a run that failed failed where it was, and a stage that the picture does not know belongs to the one before', () => {
  const stages = [...trained, stage('quantise', '03:03:00', null, '')];
  assert.deepEqual(states(run({ status: 'failed', stages })), ['done', 'done', 'failed', 'waiting', 'waiting']);
});
