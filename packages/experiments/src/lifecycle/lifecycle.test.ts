import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { auditTrail, type Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import fc from 'fast-check';
import { freeSlice } from '../assign/layer-slice.ts';
import { createExperiment, type ExperimentInput, ensureExperiment, findExperiment } from '../plan/experiment.ts';
import { experimentSettings, parseSettings } from '../plan/experiment-settings.ts';
import { setHoldout } from './holdout.ts';
import { decideExperiment, startExperiment, startPhase, stopExperiment } from './lifecycle.ts';
import { lockedWhileRunning } from './locks.ts';
import { setExperiment } from './set-experiment.ts';

let db: Database;
let datasetId: string;
let models: string[];
before(async () => {
  db = await createTestDatabase();
  datasetId = (await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } })).id;
  const model = (name: string) =>
    db.prisma.model.create({ data: { datasetId, name, kind: 'two-tower', parameters: {} } });
  models = [(await model('one')).id, (await model('two')).id, (await model('three')).id];
});
after(() => db[Symbol.asyncDispose]());

const input = (name: string, other: Partial<ExperimentInput> = {}): ExperimentInput => ({
  ...{ name, datasetId },
  arms: [
    { name: 'control', modelId: models[0]!, weight: 0.5, control: true },
    { name: 'new', modelId: models[1]!, weight: 0.5 },
  ],
  ...other,
});
const now = new Date('2026-03-10T12:00:00Z');
const later = new Date('2026-03-12T09:00:00Z');
const ann = { actor: 'ann', now };

describe('the states of an experiment', () => {
  test('lead from draft to running to stopped to decided, and not back', async () => {
    const { id } = await createExperiment(db, input('life', { settings: { plannedDays: 7 } }), ann);
    await assert.rejects(stopExperiment(db, 'life'), /is a draft: it has not started/);
    await assert.rejects(startPhase(db, 'life'), /is draft: it has no new phase/);
    await assert.rejects(decideExperiment(db, 'life', { arm: 'new' }), /is draft: only a stopped one is decided/);

    const started = await startExperiment(db, 'life', ann);
    assert.deepEqual([started.startedAt, started.phaseStartedAt], [now, now]);
    assert.deepEqual(started.plannedEndAt, new Date('2026-03-17T12:00:00Z'));
    assert.deepEqual((await startExperiment(db, id)).startedAt, now, 'a second start changes nothing');
    await assert.rejects(decideExperiment(db, 'life', { arm: 'new' }), /is running.*Stop it first/);

    assert.equal((await stopExperiment(db, id, { ...ann, now: later, note: 'enough' })).status, 'stopped');
    assert.deepEqual((await stopExperiment(db, id)).stoppedAt, later, 'a second stop changes nothing');
    await assert.rejects(startExperiment(db, 'life'), /is stopped and cannot start again/);
    await assert.rejects(setExperiment(db, 'life', { trafficShare: 0.5 }), /is stopped: nothing of it changes/);

    await assert.rejects(decideExperiment(db, 'life', { arm: 'other' }), /has no arm "other".*control, new; none/);
    const decided = await decideExperiment(db, 'life', { arm: 'new', note: 'CTR rose' }, { actor: 'bob', now: later });
    assert.deepEqual(
      [decided.status, decided.decision, decided.decidedBy, decided.decidedAt, decided.decisionNote],
      ['decided', 'new', 'bob', later, 'CTR rose'],
    );
    await assert.rejects(startPhase(db, 'life'), /is decided: it has no new phase/);
    await assert.rejects(decideExperiment(db, 'life', { arm: 'none' }), /is decided/);
    await assert.rejects(findExperiment(db, 'lost'), /There is no experiment "lost"/);
  });

  test('are written down: who, when, what, from what to what', async () => {
    const { id } = await findExperiment(db, 'life');
    const trail = (await auditTrail(db, 'experiment', id)).toReversed();
    assert.deepEqual(
      trail.map(({ action, actor, at }) => [action, actor, at]),
      [
        ['create', 'ann', now],
        ['start', 'ann', now],
        ['stop', 'ann', later],
        ['decide', 'bob', later],
      ],
    );
    const [create, start, stop, decide] = trail;
    assert.equal(create!.before, null);
    assert.equal((create!.after as { 'settings.plannedDays': number })['settings.plannedDays'], 7);
    assert.deepEqual([start!.before, start!.after], [{ status: 'draft' }, { status: 'running' }]);
    assert.equal(stop!.note, 'enough');
    assert.deepEqual(decide!.after, { status: 'decided', decision: 'new' });
    await db.prisma.experiment.delete({ where: { id } });
    assert.equal((await auditTrail(db, 'experiment', id)).length, 4, 'the log outlives its object');
  });

  test('change once when many ask at the same moment', async () => {
    const { id } = await createExperiment(db, input('race', { layer: 'race' }));
    await Promise.all(Array.from({ length: 8 }, (_, i) => startExperiment(db, id, { actor: `s${i}` })));
    await Promise.all([
      ...Array.from({ length: 4 }, () => stopExperiment(db, id)),
      ...Array.from({ length: 4 }, () => setExperiment(db, id, { trafficShare: 0.3 }).catch(() => undefined)),
    ]);
    const actions = (await auditTrail(db, 'experiment', id)).map(({ action }) => action);
    assert.deepEqual(
      ['create', 'start', 'stop'].map((action) => actions.filter((other) => other === action).length),
      [1, 1, 1],
    );
    assert.equal(await db.prisma.experimentPhase.count({ where: { experimentId: id } }), 1);
    const decisions = ['control', 'new', 'none'].map((arm) => decideExperiment(db, id, { arm }));
    const settled = await Promise.allSettled(decisions);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1, 'it is decided once');
  });
});

describe('a running experiment', () => {
  test('lets traffic, overrides, excluded users and the rules’ actions change, and writes each down', async () => {
    const { id } = await createExperiment(db, input('open', { trafficShare: 0.1 }), ann);
    await startExperiment(db, id, ann);
    const settings = { overrides: { qa: 'new' }, excludedUsers: ['bot'], stopRules: { srm: 'stop' } };
    const set = await setExperiment(db, id, { trafficShare: 0.5, settings }, { actor: 'ann', now: later });
    assert.equal(set.trafficShare, 0.5);
    assert.deepEqual(parseSettings(set.settings).stopRules, { guardrail: 'stop', srm: 'stop', plannedEnd: 'warn' });
    const [entry] = await auditTrail(db, 'experiment', id);
    assert.deepEqual(entry!.before, {
      trafficShare: 0.1,
      'settings.excludedUsers': [],
      'settings.stopRules.srm': 'warn',
    });
    assert.deepEqual(entry!.after, {
      trafficShare: 0.5,
      'settings.overrides.qa': 'new',
      'settings.excludedUsers': ['bot'],
      'settings.stopRules.srm': 'stop',
    });
    await setExperiment(db, id, { trafficShare: 0.5, arms: input('').arms });
    assert.equal((await auditTrail(db, 'experiment', id)).length, 3, 'what changes nothing is no change');
    await assert.rejects(setExperiment(db, id, { settings: { overrides: { qa: 'old' } } }), /There is no arm "old"/);
    const ended = await setExperiment(db, id, { settings: { overrides: {} } }, ann);
    const { overrides, excludedUsers } = parseSettings(ended.settings);
    assert.deepEqual([overrides, excludedUsers], [{}, ['bot', 'qa']], 'who was put into an arm never counts');
  });

  test('keeps everything that its figures depend on, and says why', async () => {
    const { id } = await createExperiment(db, input('locked'));
    await startExperiment(db, id);
    const [control, treatment] = input('').arms;
    const changes: [string, Parameters<typeof setExperiment>[2]][] = [
      ['name', { name: 'renamed' }],
      [
        'arms',
        {
          arms: [
            { ...control!, weight: 0.4 },
            { ...treatment!, weight: 0.6 },
          ],
        },
      ],
      ['arms', { arms: [control!, { ...treatment!, modelId: models[2]! }] }],
      ['arms', { arms: [control!, { ...treatment!, settings: { diversity: 0.3 } }] }],
      ['arms', { arms: [treatment!, control!] }],
      ['design', { design: 'interleaving' }],
      ['layer', { layer: 'home' }],
      ['primaryMetric', { primaryMetric: 'conversion' }],
      ['settings.guardrails', { settings: { guardrails: [{ metric: 'ctr', maxRelativeLoss: 0.1 }] } }],
      ['settings.targeting', { settings: { targeting: [{ attribute: 'device', in: ['phone'] }] } }],
      ['settings.attribution', { settings: { attribution: { orderWindowDays: 3 } } }],
      ['settings.plannedDays', { settings: { plannedDays: 3 } }],
      ['settings.gmvCapMinor', { settings: { gmvCapMinor: 100 } }],
      ['settings.gmvCapQuantile', { settings: { gmvCapQuantile: null } }],
      ['settings.alpha', { settings: { alpha: 0.1 } }],
      ['settings.sequential', { settings: { sequential: false } }],
      ['settings.minimumUsers', { settings: { minimumUsers: 2 } }],
      ['settings.exploration', { settings: { exploration: 0.1 } }],
      ['settings.hypothesis', { settings: { hypothesis: 'hindsight' } }],
      ['settings.layerShare', { settings: { layerShare: 0.5 } }],
    ];
    for (const [field, patch] of changes) {
      await assert.rejects(setExperiment(db, id, patch), (error: Error) => {
        assert.match(error.message, new RegExp(`"${field.replace('.', '\\.')}" is locked while "locked" runs`), field);
        assert.ok(error.message.includes(lockedWhileRunning[field]!) && /new phase/.test(error.message));
        return true;
      });
    }
    // A setting is locked unless somebody decided that it may change.
    const free = new Set(['overrides', 'excludedUsers', 'stopRules']);
    const forgotten = Object.keys(experimentSettings.shape).filter(
      (key) => !free.has(key) && !Object.hasOwn(lockedWhileRunning, `settings.${key}`),
    );
    assert.deepEqual(forgotten, []);
  });

  test('keeps the ranker that was the newest when it started, whoever trains another one', async () => {
    const { id: rival } = await db.prisma.dataset.create({ data: { name: 'ranked shop', settings: {} } });
    const { id: modelId } = await db.prisma.model.create({
      data: { datasetId: rival, name: 'm', kind: 'dat', parameters: {} },
    });
    const arms = input('').arms.map((arm) => ({ ...arm, modelId }));
    const ranker = async () => (await db.prisma.ranker.create({ data: { datasetId: rival, parameters: {} } })).id;
    await createExperiment(db, input('ranked', { datasetId: rival, arms }));
    const first = await ranker();
    assert.equal((await startExperiment(db, 'ranked', ann)).rankerId, first);
    const second = await ranker();
    assert.equal((await setExperiment(db, 'ranked', { trafficShare: 0.5 }, ann)).rankerId, first);
    await assert.rejects(setExperiment(db, 'ranked', { rankerId: second }, ann), /"rankerId" is locked/);
    assert.equal(
      (await startPhase(db, 'ranked', {}, ann)).rankerId,
      first,
      'nor does a phase change what nobody asked',
    );
    assert.equal((await startPhase(db, 'ranked', { rankerId: null }, ann)).rankerId, second);
    const phases = await db.prisma.experimentPhase.findMany({
      where: { experiment: { name: 'ranked' } },
      orderBy: { number: 'asc' },
    });
    assert.deepEqual(
      phases.map(({ settings }) => (settings as { rankerId: string }).rankerId),
      [first, first, second],
    );
    const again = await ensureExperiment(db, input('ranked', { datasetId: rival, arms }));
    assert.equal(again.rankerId, second, 'and it is still the experiment that was asked for');
  });

  test('changes anything in a new phase, whose figures start from nothing and leave the old ones readable', async () => {
    const { id } = await createExperiment(db, input('phases'));
    await startExperiment(db, id, { now, gmvCapMinor: 90_000 });
    const before = await findExperiment(db, id);
    const [control] = input('').arms;
    const arms = [
      { ...control!, weight: 0.2 },
      { name: 'third', modelId: models[2]!, weight: 0.8 },
    ];
    const patch = { arms, primaryMetric: 'conversion', settings: { plannedDays: 3 } };
    const second = await startPhase(db, id, patch, { now: later, actor: 'ann', note: 'the model was wrong' });
    assert.deepEqual([second.phase, second.phaseStartedAt, second.startedAt], [2, later, now]);
    assert.deepEqual(second.plannedEndAt, new Date('2026-03-15T09:00:00Z'));
    const arm = (name: string) => second.arms.find((one) => one.name === name)!;
    assert.equal(arm('control').id, before.arms[0]!.id, 'an arm keeps its id');
    assert.equal(arm('new').weight, 0, 'an arm that is left out keeps its id and has no users');
    assert.equal(second.arms.filter((one) => one.control).length, 1);

    const phases = await db.prisma.experimentPhase.findMany({
      where: { experimentId: id },
      orderBy: { number: 'asc' },
    });
    assert.deepEqual(
      phases.map(({ number, startedAt, endedAt }) => [number, startedAt, endedAt]),
      [
        [1, now, later],
        [2, later, null],
      ],
    );
    const [old, young] = phases as unknown as {
      arms: { name: string; weight: number }[];
      settings: { primaryMetric: string; plannedDays: number; gmvCapMinor: number };
    }[];
    assert.deepEqual(
      old!.arms.map(({ name, weight }) => [name, weight]),
      [
        ['control', 0.5],
        ['new', 0.5],
      ],
    );
    assert.deepEqual(
      [old!.settings.primaryMetric, old!.settings.plannedDays, old!.settings.gmvCapMinor],
      ['ctr', 14, 90_000],
    );
    assert.deepEqual(
      young!.arms.map(({ name, weight }) => [name, weight]),
      [
        ['control', 0.2],
        ['third', 0.8],
        ['new', 0],
      ],
    );
    assert.deepEqual([young!.settings.primaryMetric, young!.settings.plannedDays], ['conversion', 3]);

    await stopExperiment(db, id);
    const third = await startPhase(db, id);
    assert.deepEqual(
      [third.status, third.phase, third.stoppedAt],
      ['running', 3, null],
      'a stopped one goes on so too',
    );
    await assert.rejects(startPhase(db, id, { settings: { plannedDays: 0 } }), /field settings\.plannedDays/);
    assert.equal((await findExperiment(db, id)).phase, 3, 'a phase that is refused leaves the old one running');
    assert.equal(await db.prisma.experimentPhase.count({ where: { experimentId: id, endedAt: null } }), 1);
  });
});

test('a draft changes in any way that makes a sound experiment', async () => {
  const { id } = await createExperiment(db, input('drafted'));
  const [control] = input('').arms;
  const changed = await setExperiment(db, id, {
    name: 'drafted anew',
    arms: [{ name: 'third', modelId: models[2]!, weight: 0.5 }, control!],
    settings: { guardrails: [{ metric: 'conversion', maxRelativeLoss: 0.02 }], attribution: { lateHours: 12 } },
  });
  assert.deepEqual(
    changed.arms.map(({ name }) => name),
    ['third', 'control'],
  );
  const { attribution } = parseSettings(changed.settings);
  assert.deepEqual([attribution.lateHours, attribution.clickWindowHours], [12, 24], 'the rest of a setting stays');
  await assert.rejects(setExperiment(db, id, { name: 'phases' }), /There is already an experiment "phases"/);
  await assert.rejects(setExperiment(db, id, { settings: { colour: 1 } as object }), /Unrecognized key: "colour"/);
  await assert.rejects(
    setExperiment(db, id, { settings: { guardrails: [{ metric: 'joy', maxRelativeLoss: 0 }] } }),
    /no metric "joy"/,
  );
  await assert.rejects(setExperiment(db, id, { arms: [control!] }), /at least two arms/);
});

describe('a layer', () => {
  test('gives running experiments slices that do not overlap, and refuses what it has not', async () => {
    const layered = (name: string, layerShare: number) =>
      createExperiment(db, input(name, { layer: 'home', settings: { layerShare } }));
    const made = await Promise.all([layered('l1', 0.5), layered('l2', 0.3), layered('l3', 0.3), layered('l4', 0.2)]);
    const started = await Promise.allSettled(made.map(({ id }) => startExperiment(db, id)));
    const held = await db.prisma.experiment.findMany({
      where: { layer: 'home', status: 'running' },
      orderBy: { layerFrom: 'asc' },
    });
    for (const [i, { layerFrom }] of held.entries()) assert.ok(layerFrom! >= (held[i - 1]?.layerTo ?? 0));
    const refused = started.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    assert.ok(refused.length >= 1, 'the four ask for 130 %');
    assert.match(refused[0]!, /Layer "home" has no \d+ % of its users left: .*hold them.*smaller share/);
    // What a stopped experiment held is free again.
    for (const { id } of held) await stopExperiment(db, id);
    const whole = await createExperiment(db, input('whole', { layer: 'home' }));
    const { layerFrom, layerTo } = await startExperiment(db, whole.id);
    assert.deepEqual([layerFrom, layerTo], [0, 10_000]);
    await assert.rejects(startExperiment(db, (await layered('l5', 0.0001)).id), /"whole" 100 % hold them/);
  });

  test('finds the first gap that is large enough, or none', () => {
    const slices = fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { maxLength: 12 }).map((ends) => {
      const sorted = ends.toSorted((a, b) => a - b);
      return sorted.flatMap((layerFrom, i) =>
        i % 2 === 0 && i + 1 < sorted.length ? [{ layerFrom, layerTo: sorted[i + 1]! }] : [],
      );
    });
    fc.assert(
      fc.property(slices, fc.integer({ min: 1, max: 10_000 }), (held, size) => {
        const taken = new Uint8Array(10_000);
        for (const { layerFrom, layerTo } of held) taken.fill(1, layerFrom, layerTo);
        const fits = (from: number) => from + size <= 10_000 && !taken.subarray(from, from + size).includes(1);
        let first = 0;
        while (first < 10_000 && !fits(first)) first++;
        assert.deepEqual(
          freeSlice(held, size),
          first === 10_000 ? undefined : { layerFrom: first, layerTo: first + size },
        );
      }),
    );
  });
});

test('the holdout may fall while an experiment runs, and rise only while none does', async () => {
  const other = await db.prisma.dataset.create({ data: { name: 'held', settings: {} } });
  await setHoldout(db, other.id, 0.1, ann);
  const model = await db.prisma.model.create({ data: { datasetId: other.id, name: 'm', kind: 'dat', parameters: {} } });
  const arms = [
    { name: 'a', modelId: model.id, weight: 0.5, control: true },
    { name: 'b', modelId: model.id, weight: 0.5 },
  ];
  const { id } = await createExperiment(db, { name: 'in held', datasetId: other.id, arms });
  await startExperiment(db, id);
  await assert.rejects(setHoldout(db, other.id, 0.2), /cannot rise while "in held" runs/);
  await setHoldout(db, other.id, 0.05);
  await stopExperiment(db, id);
  await setHoldout(db, other.id, 0.2);
  await assert.rejects(setHoldout(db, other.id, 1), /field holdout/);
  const trail = await auditTrail(db, 'dataset', other.id);
  assert.deepEqual(
    trail.map(({ after }) => after),
    [{ holdout: 0.2 }, { holdout: 0.05 }, { holdout: 0.1 }],
  );
});
